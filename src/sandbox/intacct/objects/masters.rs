//! Master data as objects: accounts, labels, dimensions, entities, terms, bank accounts, journals and types, field by field.

use std::collections::BTreeMap;

use super::super::books::Books;
use super::super::chart::{Account, AccountType, Dimension, MasterData, Side};
use super::super::settings::CompanySettings;
use super::super::values::print_stamp;
use super::Kind::{Number, Stamp, Text};
use super::{Field, Row};

/// One record, its fields with their values.
pub(in super::super) struct Master<'a> {
    /// The entity that owns it; `None` for the top level.
    pub(super) owner: Option<&'a str>,
    values: Vec<(&'static str, String)>,
}

impl Master<'_> {
    pub(super) fn value(&self, field: &str) -> Option<String> {
        self.values.iter().find(|(name, _)| *name == field).map(|(_, value)| value.clone())
    }
}

const ACCOUNT: &[Field] = &[
    ("RECORDNO", Number),
    ("ACCOUNTNO", Text),
    ("TITLE", Text),
    ("ACCOUNTTYPE", Text),
    ("NORMALBALANCE", Text),
    ("STATUS", Text),
    ("REQUIRELOC", Text),
    ("REQUIREDEPT", Text),
    ("REQUIRECLASS", Text),
    ("REQUIREITEM", Text),
    ("REQUIRECUSTOMER", Text),
    ("REQUIREPROJECT", Text),
    ("REQUIREVENDOR", Text),
    ("REQUIREEMPLOYEE", Text),
    ("REQUIRETASK", Text),
    ("REQUIRECONTRACT", Text),
    ("REQUIREWAREHOUSE", Text),
    ("WHENMODIFIED", Stamp),
];

/// The fields of a value of a dimension of the company's own.
pub(super) const USER_DEFINED: &[Field] = &[ID, NAME];

/// The objects and their fields.
const OBJECTS: &[(&str, &[Field])] = &[
    ("GLACCOUNT", ACCOUNT),
    ("ARACCOUNTLABEL", &[ID, ("ACCOUNTLABEL", Text), DESCRIPTION, ("GLACCOUNTNO", Text), STATUS, OWNER, MODIFIED]),
    (
        "CHECKINGACCOUNT",
        &[ID, ("BANKACCOUNTID", Text), ("BANKNAME", Text), ("GLACCOUNTNO", Text), STATUS, OWNER, MODIFIED],
    ),
    ("ITEM", &[ID, ("ITEMID", Text), NAME, ("ITEMTYPE", Text), STATUS, OWNER, MODIFIED]),
    ("LOCATION", &[ID, ("LOCATIONID", Text), NAME, ("PARENTID", Text), STATUS, MODIFIED]),
    ("LOCATIONENTITY", &[ID, ("LOCATIONID", Text), NAME, STATUS, MODIFIED]),
    ("DEPARTMENT", &[ID, ("DEPARTMENTID", Text), ("TITLE", Text), STATUS, OWNER, MODIFIED]),
    ("CLASS", &[ID, ("CLASSID", Text), NAME, STATUS, OWNER, MODIFIED]),
    ("PROJECT", &[ID, ("PROJECTID", Text), NAME, STATUS, OWNER, MODIFIED]),
    ("ARTERM", &[ID, NAME, DESCRIPTION, STATUS, MODIFIED]),
    ("JOURNAL", &[ID, ("SYMBOL", Text), ("TITLE", Text), STATUS, MODIFIED]),
    ("TAXDETAIL", &[ID, ("DETAILID", Text), DESCRIPTION, STATUS]),
    ("CUSTTYPE", &[ID, NAME, STATUS, MODIFIED]),
    ("SODOCUMENTPARAMS", &[ID, ("DOCID", Text), DESCRIPTION, STATUS, MODIFIED]),
    ("WAREHOUSE", &[ID, ("WAREHOUSEID", Text), NAME, STATUS, MODIFIED]),
];

const ID: Field = ("RECORDNO", Number);
const NAME: Field = ("NAME", Text);
const DESCRIPTION: Field = ("DESCRIPTION", Text);
const STATUS: Field = ("STATUS", Text);
const OWNER: Field = ("MEGAENTITYID", Text);
const MODIFIED: Field = ("WHENMODIFIED", Stamp);

/// The fields of an object; `None` when it is no master data.
pub(super) fn fields(object: &str) -> Option<&'static [Field]> {
    OBJECTS.iter().find(|(name, _)| *name == object).map(|(_, fields)| *fields)
}

/// The rows of an object by id; record numbers stay what they are when others come and go.
pub(super) fn rows<'a>(object: &str, books: &'a Books, settings: &CompanySettings) -> Vec<Row<'a>> {
    let row = |id: &str, mut values: Vec<(&'static str, String)>| {
        let mark = books.mark(object, id);
        values.push(("RECORDNO", mark.record_no.to_string()));
        values.push(("WHENMODIFIED", print_stamp(mark.modified_at)));
        let kind = MasterData::kind_of(object);
        let owner = books.masters.owners.get(&format!("{kind}/{id}")).map(String::as_str);
        if object != "GLACCOUNT" {
            values.push(("STATUS", books.masters.status(kind, id).to_owned()));
        }
        values.extend(owner.map(|owner| ("MEGAENTITYID", owner.to_owned())));
        Row::Master(Master { owner, values })
    };
    let named = |id_field: &'static str, name_field: &'static str, list: &BTreeMap<String, String>| {
        list.iter().map(|(id, name)| row(id, vec![(id_field, id.clone()), (name_field, name.clone())])).collect()
    };
    if let Some(values) = settings.user_defined_dimensions.get(object) {
        let value = |(number, name): (&u64, &String)| {
            let values = vec![("RECORDNO", number.to_string()), ("NAME", name.clone())];
            Row::Master(Master { owner: None, values })
        };
        return values.iter().map(value).collect();
    }
    let masters = &books.masters;
    let text = |field: &'static str, value: &str| (field, value.to_owned());
    match object {
        "GLACCOUNT" => masters.accounts.iter().map(|(id, account)| row(id, account_values(account))).collect(),
        "ARACCOUNTLABEL" => masters
            .account_labels
            .iter()
            .map(|(id, account)| {
                row(id, vec![text("ACCOUNTLABEL", id), text("GLACCOUNTNO", account), text("DESCRIPTION", id)])
            })
            .collect(),
        "CHECKINGACCOUNT" => masters
            .accounts
            .values()
            .filter_map(|account| Some((account.bank_account.as_ref()?, account)))
            .map(|(id, account)| {
                let values = [("BANKACCOUNTID", id), ("GLACCOUNTNO", &account.number), ("BANKNAME", &account.title)];
                row(id, values.map(|(field, value)| text(field, value)).to_vec())
            })
            .collect(),
        "ITEM" => masters
            .items
            .iter()
            .map(|(id, name)| row(id, vec![text("ITEMID", id), text("NAME", name), text("ITEMTYPE", "Non-Inventory")]))
            .collect(),
        "DEPARTMENT" => named("DEPARTMENTID", "TITLE", &masters.departments),
        "CLASS" => named("CLASSID", "NAME", &masters.classes),
        "PROJECT" => named("PROJECTID", "NAME", &masters.projects),
        "WAREHOUSE" => named("WAREHOUSEID", "NAME", &masters.order_entry.warehouses),
        "SODOCUMENTPARAMS" => {
            let names = masters.order_entry.definitions.keys();
            names.map(|name| row(name, vec![text("DOCID", name), text("DESCRIPTION", name)])).collect()
        }
        "TAXDETAIL" => tax_details(settings),
        "CUSTTYPE" => masters.customer_types.iter().map(|name| row(name, vec![text("NAME", name)])).collect(),
        "LOCATION" | "LOCATIONENTITY" => masters
            .locations
            .iter()
            .filter(|(_, location)| object == "LOCATION" || location.entity)
            .map(|(id, location)| {
                let parent = location.parent.as_deref().unwrap_or_default();
                row(id, vec![text("LOCATIONID", id), text("NAME", &location.name), text("PARENTID", parent)])
            })
            .collect(),
        "ARTERM" => masters
            .terms
            .iter()
            .map(|(name, days)| row(name, vec![text("NAME", name), ("DESCRIPTION", format!("{days} days"))]))
            .collect(),
        "JOURNAL" => masters
            .journals
            .iter()
            .map(|(symbol, book)| row(symbol, vec![text("SYMBOL", symbol), text("TITLE", &book.title)]))
            .collect(),
        _ => Vec::new(),
    }
}

/// Only companies with a VAT solution have any; they are set up for good, so they have no stamp.
fn tax_details<'a>(settings: &CompanySettings) -> Vec<Row<'a>> {
    let details = settings.tax_solutions.values().flat_map(|solution| solution.details.keys());
    let row = |(place, id): (usize, &String)| {
        let values = vec![
            ("RECORDNO", (place + 1).to_string()),
            ("DETAILID", id.clone()),
            ("DESCRIPTION", id.clone()),
            ("STATUS", "active".to_owned()),
        ];
        Row::Master(Master { owner: None, values })
    };
    details.enumerate().map(row).collect()
}

fn account_values(account: &Account) -> Vec<(&'static str, String)> {
    let required = [
        ("REQUIRELOC", Dimension::Location),
        ("REQUIREDEPT", Dimension::Department),
        ("REQUIRECLASS", Dimension::Class),
        ("REQUIREITEM", Dimension::Item),
        ("REQUIRECUSTOMER", Dimension::Customer),
        ("REQUIREPROJECT", Dimension::Project),
    ];
    let mut values =
        required.map(|(field, dimension)| (field, account.required.contains(&dimension).to_string())).to_vec();
    // Dimensions that no line of this company can carry.
    values.extend(
        ["REQUIREVENDOR", "REQUIREEMPLOYEE", "REQUIRETASK", "REQUIRECONTRACT", "REQUIREWAREHOUSE"]
            .map(|field| (field, false.to_string())),
    );
    let account_type = match account.account_type {
        AccountType::BalanceSheet => "balancesheet",
        AccountType::IncomeStatement => "incomestatement",
        AccountType::Statistical => "statistical",
    };
    let normal_balance = if account.normal_balance == Side::Debit { "debit" } else { "credit" };
    values.extend([
        ("ACCOUNTNO", account.number.clone()),
        ("TITLE", account.title.clone()),
        ("ACCOUNTTYPE", account_type.to_owned()),
        ("NORMALBALANCE", normal_balance.to_owned()),
        ("STATUS", if account.active { "active" } else { "inactive" }.to_owned()),
    ]);
    values
}
