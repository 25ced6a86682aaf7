//! Reads of every kind, and what our readers make of their answers.

use cartledger::intacct::functions::query::{Aggregate, Operator, Order};
use cartledger::intacct::functions::read::Keys;
use cartledger::intacct::functions::read_by_query::{Comparison, Condition};
use cartledger::intacct::functions::{
    Filter, Function, GetClosedBooksDate, GetDimensions, LookUpObject, Query, Read, ReadByQuery, ReadMore,
};
use cartledger::intacct::reading;
use cartledger::intacct::response::FunctionResult;
use cartledger::sandbox::intacct::SettingsChange;

use super::receivables::line;
use super::{Desk, desk, desk_with};

/// A company with one customer and invoices of 10, 20, 30, 40 and 50.
async fn filled() -> Desk {
    let desk = desk().await;
    desk.customer("BC-7").await;
    for number in 1..=5 {
        desk.invoice(&format!("I{number}"), vec![line("4000", &format!("{number}0"))]).await;
    }
    desk
}

fn column(result: &FunctionResult, field: &str) -> Vec<String> {
    result.records.iter().map(|row| row[field].clone()).collect()
}

#[tokio::test]
async fn pages_by_number_do_not_shift_where_pages_by_offset_do() {
    let desk = filled().await;
    let order = Order { field: "RECORDID".into(), descending: true };
    let by_offset = Query {
        page_size: 2,
        order: vec![order],
        ..Query::new("ARINVOICE", &["RECORDID"], Some(Filter::compare("RECORDID", Operator::NotLike, "X%")))
    };
    let first = desk.done("offset-1", Function::Query(by_offset.clone())).await;
    desk.invoice("I6", vec![line("4000", "60")]).await;
    let second = desk.done("offset-2", Function::Query(by_offset.next_offset(&first).unwrap())).await;
    assert_eq!([column(&first, "RECORDID"), column(&second, "RECORDID")], [["I5", "I4"], ["I4", "I3"]]);

    let mut next = Some(Query { page_size: 4, ..Query::new("ARINVOICE", &["RECORDNO", "RECORDID"], None) });
    let mut read = Vec::new();
    let mut pages = 0;
    while let Some(query) = next {
        pages += 1;
        let page = desk.done(&format!("number-{pages}"), Function::Query(query.clone())).await;
        read.extend(column(&page, "RECORDID"));
        next = query.following(&page);
    }
    assert_eq!((pages, read.join(" ").as_str()), (2, "I1 I2 I3 I4 I5 I6"));
}

#[tokio::test]
async fn every_operator_and_every_aggregate_comes_back_as_meant() {
    let desk = filled().await;
    let of = |operator, value: &str| Filter::compare("TOTALDUE", operator, value);
    let list = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    for (filter, expected) in [
        (of(Operator::EqualTo, "10"), "I1"),
        (of(Operator::NotEqualTo, "10"), "I2 I3 I4 I5"),
        (of(Operator::LessThan, "20"), "I1"),
        (of(Operator::LessThanOrEqualTo, "20"), "I1 I2"),
        (of(Operator::GreaterThan, "40"), "I5"),
        (of(Operator::GreaterThanOrEqualTo, "40"), "I4 I5"),
        (Filter::compare("RECORDID", Operator::Like, "%3"), "I3"),
        (Filter::compare("RECORDID", Operator::NotLike, "%3"), "I1 I2 I4 I5"),
        (Filter::Between { field: "TOTALDUE".into(), low: "20".into(), high: "30".into() }, "I2 I3"),
        (Filter::In { field: "RECORDID".into(), values: list(&["I1", "I5"]) }, "I1 I5"),
        (Filter::NotIn { field: "RECORDID".into(), values: list(&["I1", "I5"]) }, "I2 I3 I4"),
        (Filter::IsNull("DESCRIPTION".into()), "I1 I2 I3 I4 I5"),
        (Filter::IsNotNull("DESCRIPTION".into()), ""),
        (Filter::Or(vec![Filter::equal("RECORDID", "I1"), Filter::equal("RECORDID", "I2")]), "I1 I2"),
    ] {
        let query = Query::new("ARINVOICE", &["RECORDID"], Some(filter.clone()));
        let found = desk.done("filter", Function::Query(query)).await;
        assert_eq!(column(&found, "RECORDID").join(" "), expected, "{filter:?}");
    }
    let aggregates = [Aggregate::Count, Aggregate::Average, Aggregate::Least, Aggregate::Greatest, Aggregate::Sum];
    let query = Query {
        aggregates: aggregates.map(|aggregate| (aggregate, "TOTALDUE".to_owned())).into(),
        ..Query::new("ARINVOICE", &["CUSTOMERID"], None)
    };
    let row = desk.done("sums", Function::Query(query)).await.records.remove(0);
    let values = aggregates.map(|aggregate| reading::aggregate(&row, aggregate, "TOTALDUE").unwrap().unwrap());
    assert_eq!(values.map(|value| value.normalize().to_string()), ["5", "30", "10", "50", "150"]);
}

#[tokio::test]
async fn records_are_read_by_number_by_name_and_by_words() {
    let desk = filled().await;
    let key = desk.company.invoices()[2].record_no;
    let by_number = Function::Read(Read::new("ARINVOICE", Keys::Numbers(vec![key, 1])));
    let found = desk.done("read", by_number).await;
    assert_eq!((column(&found, "RECORDID"), found.records.len()), (vec!["I3".to_owned()], 1));
    let by_name = Read { fields: vec!["NAME".into()], ..Read::new("CUSTOMER", Keys::Names(vec!["BC-7".into()])) };
    assert_eq!(column(&desk.done("name", Function::Read(by_name)).await, "NAME"), ["Buyer BC-7"]);

    let above =
        Condition::compare("TOTALDUE", Comparison::Greater, "10").and(Condition::none_of("RECORDID", &["I3", "It's"]));
    let words = ReadByQuery { page_size: 2, ..ReadByQuery::new("ARINVOICE", Some(above)) };
    let first = desk.done("words", Function::ReadByQuery(words)).await;
    let more = ReadMore::following(&first).unwrap();
    let second = desk.done("more", Function::ReadMore(more)).await;
    assert_eq!([column(&first, "RECORDID").join(" "), column(&second, "RECORDID").join(" ")], ["I2 I4", "I5"]);
    assert_eq!(ReadMore::following(&second), None);
}

#[tokio::test]
async fn the_company_describes_its_objects_dimensions_and_closed_books() {
    let desk = desk_with(|settings| {
        settings.user_defined_dimensions = [("CHANNEL".to_owned(), [(10007, "Web".to_owned())].into())].into();
    })
    .await;
    let look_up = Function::LookUpObject(LookUpObject { object: "CUSTOMER".into() });
    let object = reading::object_definition(&desk.done("lookup", look_up).await).unwrap();
    let field = |id: &str| object.fields.iter().find(|field| field.id == id).unwrap();
    assert!(field("BC_CUSTOMER_ID").custom && !field("NAME").custom && field("RECORDNO").read_only);
    assert_eq!(field("STATUS").valid_values, ["active", "inactive"]);
    assert!(object.relationships.iter().any(|relationship| relationship.path == "DISPLAYCONTACT"));

    let dimensions =
        reading::dimensions(&desk.done("dimensions", Function::GetDimensions(GetDimensions)).await).unwrap();
    let own: Vec<_> = dimensions.iter().filter(|one| one.user_defined).map(|one| one.object.as_str()).collect();
    assert_eq!((own, dimensions.len()), (vec!["CHANNEL"], 7));

    let closed = || Function::GetClosedBooksDate(GetClosedBooksDate);
    assert_eq!(reading::closed_books_date(&desk.done("open", closed()).await), Ok(None));
    let through = Some("2026-06-30".parse().unwrap());
    desk.company.change(&SettingsChange { close_books_through: through, ..SettingsChange::default() }).unwrap();
    assert_eq!(reading::closed_books_date(&desk.done("closed", closed()).await), Ok(through));
}
