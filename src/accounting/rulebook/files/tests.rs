//! Files of rules: nothing is lost on the way out and back, and everything wrong is named at once.

use jiff::civil::date;
use proptest::prelude::*;

use super::super::samples;
use super::super::{Condition, Field, Give, RuleKind};
use super::*;

fn problems(name: &str, text: &str) -> Vec<String> {
    Rulebook::from_file_text(name, text).unwrap_err().iter().map(FileProblem::to_string).collect()
}

fn read_back(text: &str) -> Vec<Rule> {
    match Rulebook::from_file_text("rules.csv", text) {
        Ok(rulebook) => rulebook.into(),
        Err(problems) => panic!("{problems:?}"),
    }
}

proptest! {
    #[test]
    fn any_rulebook_comes_back_from_a_table_and_from_json(rulebook in samples::rulebook()) {
        let table = rulebook.to_csv();
        prop_assert_eq!(Rulebook::from_file_text("rules.csv", &table), Ok(rulebook.clone()));
        let json = rulebook.to_json().unwrap();
        prop_assert_eq!(Rulebook::from_file_text("rules.json", &json), Ok(rulebook.clone()));
        // Written again it is the same, byte by byte.
        prop_assert_eq!(Rulebook::from_file_text("rules.json", &json).unwrap().to_csv(), table);
    }

    #[test]
    fn no_cell_of_a_table_is_a_formula(rulebook in samples::rulebook()) {
        let table = rulebook.to_csv();
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(table.as_bytes());
        for record in reader.records() {
            let record = record.unwrap();
            prop_assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}", header in "(id|kind|when:sku|account|note|,|;|\t|\"|\n|\r){0,12}") {
        let _ = Rulebook::from_file_text("any", &text);
        let _ = Rulebook::from_file_text("any", &format!("{header}\n{text}"));
        let _ = Rulebook::from_file_text("any", &format!("[{text}]"));
    }
}

#[test]
fn a_table_has_fixed_columns_and_a_column_for_each_dimension_of_the_team() {
    let rule = |id: &str, name: &str| Rule::new(id, RuleKind::Dimension).gives(Give::Dimension(name.into()), "1");
    let rules = vec![rule("b", "REGION"), rule("a", "Area").gives(Give::Dimension("class".into()), "2")];
    let table = Rulebook::new(rules).unwrap().to_csv();
    assert_eq!(
        table.lines().next().unwrap(),
        "id,kind,when:sku,when:name,when:category,when:brand,when:type,when:method,when:gateway,when:source,when:code,\
         when:class,when:rate,when:part,when:document,when:group,when:company,when:guest,when:channel,when:currency,\
         when:state,when:country,valid_from,valid_to,account,payment_method,bank_account,refund_account,treat_as_paid,\
         presentation,collected_by,order_level,summary_customer,customer_prefix,customer_type,terms,rate_type,rate,\
         closed_period,adjustment_date,cost_account,inventory_account,stock,scrap_account,subtotal,unit,\
         warehouse,location,department,class,project,customer,item,dimension:Area,dimension:REGION,note"
    );
}

#[test]
fn a_table_as_a_spreadsheet_saves_it_is_understood() {
    let expected = vec![
        Rule {
            valid_from: Some(date(2026, 1, 1)),
            note: "all, \"or\" so\r\nsecond line".into(),
            ..Rule::new("p-1", RuleKind::Product).when(Condition::Sku, "TS-*").gives(Give::Account, "0400")
        },
        Rule::new("s-1", RuleKind::Shipping).gives(Give::Account, "4010").gives(Give::Dimension("REGION".into()), "=W"),
    ];
    let rows = [
        ["id", "Kind", " when:SKU ", "valid_from", "account", "dimension:REGION", "note", "", ""],
        ["p-1", " product", "TS-* ", "2026-01-01", " 0400 ", "", "\"all, \"\"or\"\" so\r\nsecond line\"", "", ""],
        ["", "", "", "", "", "", "", "", ""],
        ["s-1", "SHIPPING", "", "", "4010", "=W", "", "", ""],
    ];
    for separator in [",", ";", "\t"] {
        let text = rows.map(|row| row.join(separator)).join("\r\n");
        assert_eq!(read_back(&format!("\u{feff}{text}\r\n\r\n")), expected, "{separator}");
    }
}

#[test]
fn everything_wrong_with_a_table_is_named_by_line_and_column_at_once() {
    let text = "id,kind,when:sku,when:type,valid_from,valid_to,account,note\n\
                a,product,A-*,,,,,\"two\nlines\"\n\
                b,produce,,,,,4000,\n\
                c,product,C,liquid,31.12.2026,,4000,\n\
                d,product,D,,2026-02-01,2026-01-01,4000,\n\
                a,product,E,,,,4000,\n\
                \n\
                f,product,F\n\
                g,product,*-X,,,,4000,\n\
                h,product,Y-*,,,,4000,\n\
                ,product,Z,,,,4000,\n";
    assert_eq!(
        problems("rules.csv", text),
        [
            "rules.csv, line 2, column account, rule 'a': a product rule must give account",
            "rules.csv, line 4, column kind, rule 'b': 'produce' is no kind of rule; write one of product, shipping, \
             handling, gift_wrapping, fee, discount, tax, payment, gift_certificate, store_credit, refund, customer, \
             dimension, exchange, period, settlement",
            "rules.csv, line 5, column valid_from, rule 'c': '31.12.2026' is no day; write it like 2026-12-31",
            "rules.csv, line 5, column when:type, rule 'c': asks for type 'liquid'; it can only be physical or digital",
            "rules.csv, line 6, column valid_to, rule 'd': ends (2026-01-01) before it begins (2026-02-01)",
            "rules.csv, line 7, column id, rule 'a': has an id that another rule has too; ids are unique (the other \
             one: rules.csv, line 2)",
            "rules.csv, line 9, rule 'f': the row has 3 cells and the first row 8; write an empty cell for what a rule \
             does not have, and a text with the separator in it in quotation marks",
            "rules.csv, line 10, rule 'g': is as specific as product rule 'a' and both can fit the same product; add a \
             condition to one, or give them dates that do not meet (the other one: rules.csv, line 2)",
            "rules.csv, line 11, rule 'h': is as specific as product rule 'g' and both can fit the same product; add a \
             condition to one, or give them dates that do not meet (the other one: rules.csv, line 10)",
            "rules.csv, line 12, column id: has no id; give it a name that is unique in the rulebook",
        ]
    );
}

#[test]
fn columns_are_refused_by_name() {
    let text = "id,sku,when:sku,acount,account,account\nx,product,1,2,3,,,left\n";
    assert_eq!(
        problems("rules.csv", text),
        [
            "rules.csv, line 1, column when:sku: the column is there twice; keep one",
            "rules.csv, line 1, column acount: there is no such column; take it away, or write dimension:acount if it \
             is a user-defined dimension",
            "rules.csv, line 1, column account: the column is there twice; keep one",
            "rules.csv, line 1, column kind: the first row names the columns, and this one is missing; add it",
            "rules.csv, line 2, rule 'x': the row has 8 cells and the first row 6; write an empty cell for what a rule \
             does not have, and a text with the separator in it in quotation marks",
        ]
    );
    let nameless = "id,kind,account,\nx,product,4000,lost\n";
    assert_eq!(
        problems("r", nameless),
        ["r, line 2, column number 4, rule 'x': 'lost' stands in a column without a name; name the column"]
    );
}

#[test]
fn a_quotation_mark_left_open_swallows_no_rows() {
    let text = "id,kind,account,note\na,product,1,\"oops\nb,shipping,2,fine\n";
    assert_eq!(
        problems("rules.csv", text),
        ["rules.csv, line 2: a quotation mark is opened and never closed; put the whole cell in quotation marks and \
          double each one inside it"]
    );
}

#[test]
fn a_thousand_rules_go_out_and_come_back_and_one_bad_line_is_named() {
    let rules: Vec<Rule> = (0..1_000)
        .map(|n| {
            let rule = Rule::new(&format!("sku-{n}"), RuleKind::Product).when(Condition::Sku, &format!("{n:06}"));
            Rule { note: format!("line {n}, \"as is\""), ..rule.gives(Give::Account, &format!("0{n}")) }
        })
        .collect();
    let rulebook = Rulebook::new(rules.clone()).unwrap();
    let table = rulebook.to_csv();
    assert_eq!(read_back(&table), rules);
    assert_eq!(Rulebook::from_file_text("rules.csv", &table).unwrap().to_csv(), table);
    // Rule 500 stands on line 502, below the names of the columns.
    let bad = table.replace(",0500,", ",,");
    assert_eq!(
        problems("rules.csv", &bad),
        ["rules.csv, line 502, column account, rule 'sku-500': a product rule must give account"]
    );
}

#[test]
fn everything_wrong_with_json_is_named_by_line_at_once() {
    let text = r#"[
  {"id": "a", "kind": "product", "gives": {"account": "4000"}},
  {"id": "b", "kind": "produce", "gives": {}},
  {"id": "c",
   "kind": "product", "conditions": {"sku": "X"}, "gives": {"acount": "1"}},
  {"id": "a", "kind": "shipping", "gives": {"account": " 4010"}}
]"#;
    let found = problems("rules.json", text);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[0].starts_with("rules.json, line 3, rule 'b': unknown variant `produce`"), "{found:#?}");
    assert!(found[1].starts_with("rules.json, line 5, rule 'c': 'acount' is nothing a rule can give"), "{found:#?}");
    assert_eq!(
        found[2..],
        [
            "rules.json, line 6, rule 'a': has an id that another rule has too; ids are unique (the other one: \
             rules.json, line 2)",
            "rules.json, line 6, rule 'a': gives account ' 4010'; take away the blanks around it",
        ]
    );
    assert_eq!(
        problems("rules.json", "[\n{\"id\": }]"),
        ["rules.json, line 2: this is no JSON list of rules: expected value, at character 8"]
    );
    assert!(problems("rules.json", r#"{"rules": []}"#)[0].contains("write the list of its rules"));
    assert!(problems("rules.json", " \n")[0].contains("there is nothing in it"));
}

#[test]
fn several_files_are_one_rulebook() {
    let json = r#"[{"id": "p", "kind": "product", "gives": {"account": "4000"}}]"#;
    let table = "id,kind,account\ns,shipping,4010\n";
    let rulebook = Rulebook::from_files([("a.json", json), ("b.csv", table)]).unwrap();
    assert_eq!(rulebook.rules().iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["p", "s"]);
    let again = "id,kind,account\np,handling,4020\n";
    let found = Rulebook::from_files([("a.json", json), ("c.csv", again)]).unwrap_err();
    assert_eq!(
        found.iter().map(FileProblem::to_string).collect::<Vec<_>>(),
        ["c.csv, line 2, column id, rule 'p': has an id that another rule has too; ids are unique (the other one: \
          a.json, line 1)"]
    );
}

#[test]
fn the_demo_rules_go_out_as_a_table_and_come_back() {
    let demo = include_str!("../../../../fixtures/demo/rules.json");
    let rulebook = Rulebook::from_file_text("rules.json", demo).unwrap();
    assert_eq!(Rulebook::from_file_text("rules.csv", &rulebook.to_csv()), Ok(rulebook.clone()));
    assert!(rulebook.to_csv().is_ascii());
    assert_eq!(Rulebook::from_file_text("rules.json", &rulebook.to_json().unwrap()), Ok(rulebook));
}

#[test]
fn a_table_with_letters_beyond_ascii_begins_with_a_byte_order_mark() {
    let rule = Rule { note: "Café".into(), ..Rule::new("x", RuleKind::Fee).gives(Give::Account, "1") };
    let table = Rulebook::new(vec![rule]).unwrap().to_csv();
    assert!(table.starts_with("\u{feff}id,"));
    assert_eq!(Field::named("\u{feff}id"), None, "it is taken away before the columns are read");
}
