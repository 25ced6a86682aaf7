//! The object behind each kind of master data and the fields that are read of it (Intacct docs, object pages).

use crate::accounting::masters::MasterKind;

/// An object of the company.
pub(super) struct Object {
    /// Its name.
    pub(super) name: String,
    /// The field that people know a record by.
    pub(super) id_field: &'static str,
    /// The field with its name or title.
    pub(super) name_field: &'static str,
    /// Fields that may be missing in a company.
    pub(super) optional: &'static [&'static str],
    /// Whether records have a status that must be known.
    has_status: bool,
}

/// The field by which an account insists on a dimension, and the dimension as rules name it (Intacct docs, accounts). Those
/// that no rule can give are here too: such an account cannot be posted to.
pub(super) const REQUIRED: &[(&str, &str)] = &[
    ("REQUIRELOC", "location"),
    ("REQUIREDEPT", "department"),
    ("REQUIRECLASS", "class"),
    ("REQUIREPROJECT", "project"),
    ("REQUIRECUSTOMER", "customer"),
    ("REQUIREITEM", "item"),
    ("REQUIREVENDOR", "vendor"),
    ("REQUIREEMPLOYEE", "employee"),
    ("REQUIRETASK", "task"),
    ("REQUIRECONTRACT", "contract"),
    ("REQUIREWAREHOUSE", "warehouse"),
];

const ACCOUNT: &[&str] = &[
    "REQUIRELOC",
    "REQUIREDEPT",
    "REQUIRECLASS",
    "REQUIREPROJECT",
    "REQUIRECUSTOMER",
    "REQUIREITEM",
    "REQUIREVENDOR",
    "REQUIREEMPLOYEE",
    "REQUIRETASK",
    "REQUIRECONTRACT",
    "REQUIREWAREHOUSE",
    "WHENMODIFIED",
];
const OWNED: &[&str] = &["MEGAENTITYID", "WHENMODIFIED"];
const MODIFIED: &[&str] = &["WHENMODIFIED"];

impl Object {
    pub(super) fn of(kind: &MasterKind) -> Self {
        let object = |name: &str, id_field, name_field, optional| Self {
            name: name.to_owned(),
            id_field,
            name_field,
            optional,
            has_status: true,
        };
        match kind {
            MasterKind::GlAccount => object("GLACCOUNT", "ACCOUNTNO", "TITLE", ACCOUNT),
            MasterKind::AccountLabel => {
                let fields = &["GLACCOUNTNO", "MEGAENTITYID", "WHENMODIFIED"];
                object("ARACCOUNTLABEL", "ACCOUNTLABEL", "DESCRIPTION", fields)
            }
            MasterKind::Item => object("ITEM", "ITEMID", "NAME", OWNED),
            MasterKind::Department => object("DEPARTMENT", "DEPARTMENTID", "TITLE", OWNED),
            MasterKind::Location => object("LOCATION", "LOCATIONID", "NAME", &["PARENTID", "WHENMODIFIED"]),
            MasterKind::Entity => object("LOCATIONENTITY", "LOCATIONID", "NAME", MODIFIED),
            MasterKind::Class => object("CLASS", "CLASSID", "NAME", OWNED),
            MasterKind::Project => object("PROJECT", "PROJECTID", "NAME", OWNED),
            // On lines a value stands by its record number (Intacct docs, user-defined dimensions).
            MasterKind::Dimension(name) => {
                Self { has_status: false, ..object(name, "RECORDNO", "NAME", &["STATUS", "WHENMODIFIED"]) }
            }
            MasterKind::Term => object("ARTERM", "NAME", "NAME", &["DESCRIPTION", "WHENMODIFIED"]),
            MasterKind::BankAccount => {
                let fields = &["GLACCOUNTNO", "BANKNAME", "MEGAENTITYID", "WHENMODIFIED"];
                object("CHECKINGACCOUNT", "BANKACCOUNTID", "BANKNAME", fields)
            }
            MasterKind::TaxDetail => object("TAXDETAIL", "DETAILID", "DESCRIPTION", MODIFIED),
            MasterKind::TransactionDefinition => {
                object("SODOCUMENTPARAMS", "DOCID", "DESCRIPTION", &["DESCRIPTION", "MEGAENTITYID", "WHENMODIFIED"])
            }
            MasterKind::Journal => object("JOURNAL", "SYMBOL", "TITLE", MODIFIED),
            MasterKind::Customer => {
                let fields = &["DISPLAYCONTACT.EMAIL1", "OBJECTRESTRICTION", "MEGAENTITYID", "WHENMODIFIED"];
                object("CUSTOMER", "CUSTOMERID", "NAME", fields)
            }
            MasterKind::CustomerType => object("CUSTTYPE", "NAME", "NAME", MODIFIED),
        }
    }

    /// The fields without which a record says nothing, each once.
    pub(super) fn vital(&self) -> Vec<String> {
        let mut fields = vec!["RECORDNO", self.id_field, self.name_field];
        if self.has_status {
            fields.push("STATUS");
        }
        let mut seen = Vec::new();
        fields.retain(|field| {
            let vital = !seen.contains(field) && !self.optional.contains(field);
            seen.push(field);
            vital
        });
        fields.into_iter().map(str::to_owned).collect()
    }
}
