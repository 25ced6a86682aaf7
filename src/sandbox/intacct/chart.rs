//! The company's master data: chart of accounts, dimensions, terms, journals, and the date its books are closed through.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::definitions::OrderEntrySetup;

/// A dimension an account can insist on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Where; in a multi-entity company every line needs one.
    Location,
    /// Which department.
    Department,
    /// Which class.
    Class,
    /// Which item.
    Item,
    /// Which customer.
    Customer,
    /// Which project.
    Project,
}

impl Dimension {
    /// The name the gateway uses in its texts.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Location => "Location",
            Self::Department => "Department",
            Self::Class => "Class",
            Self::Item => "Item",
            Self::Customer => "Customer",
            Self::Project => "Project",
        }
    }
}

/// What kind of account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountType {
    /// Assets, liabilities and equity.
    BalanceSheet,
    /// Revenue and expenses.
    IncomeStatement,
    /// Counts, not money; used by statistical journals only.
    Statistical,
}

/// The side on which an account's balance usually stands; also the side of a journal line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Left.
    Debit,
    /// Right.
    Credit,
}

/// One general ledger account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its number, such as `1150-S`.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Its type.
    pub account_type: AccountType,
    /// Its normal balance.
    pub normal_balance: Side,
    /// Whether it can be posted to.
    pub active: bool,
    /// Dimensions that every line on it must carry.
    pub required: Vec<Dimension>,
    /// The bank account it belongs to; such an account cannot stand on an invoice line.
    pub bank_account: Option<String>,
}

/// A location; in a multi-entity company it may be an entity one can sign in to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Its name.
    pub name: String,
    /// Whether it is an entity.
    pub entity: bool,
    /// The location above it.
    #[serde(default)]
    pub parent: Option<String>,
}

/// A journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalBook {
    /// Its title.
    pub title: String,
    /// Whether entries may be made directly (Intacct release 2025 R1).
    pub direct_posting: bool,
    /// Whether it counts instead of booking money.
    pub statistical: bool,
}

/// Everything that is set up before the first posting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterData {
    /// The chart of accounts by number.
    pub accounts: BTreeMap<String, Account>,
    /// The control account of receivables.
    pub receivables_account: String,
    /// Where realised exchange differences go.
    pub exchange_gain_loss_account: String,
    /// Account labels for receivables, each with its account.
    pub account_labels: BTreeMap<String, String>,
    /// Locations by id.
    pub locations: BTreeMap<String, Location>,
    /// Departments: id and name.
    pub departments: BTreeMap<String, String>,
    /// Classes: id and name.
    pub classes: BTreeMap<String, String>,
    /// Items: id and name.
    pub items: BTreeMap<String, String>,
    /// Projects: id and name.
    pub projects: BTreeMap<String, String>,
    /// Ids of anything above (accounts and customers apart) that is inactive, as `kind/id`, for example `item/SKU-1`.
    pub inactive: BTreeSet<String>,
    /// Of the same, those that only group others: active, but without postings.
    #[serde(default)]
    pub non_posting: BTreeSet<String>,
    /// The entities that own some of the same; the others belong to the top level.
    #[serde(default)]
    pub owners: BTreeMap<String, String>,
    /// Receivable terms with their days.
    pub terms: BTreeMap<String, i32>,
    /// Customer types.
    pub customer_types: BTreeSet<String>,
    /// Journals by symbol.
    pub journals: BTreeMap<String, JournalBook>,
    /// Attachments that documents may name.
    pub attachments: BTreeSet<String>,
    /// Folders that attachments can be made in.
    #[serde(default)]
    pub attachment_folders: BTreeSet<String>,
    /// The set-up of Order Entry.
    #[serde(default)]
    pub order_entry: OrderEntrySetup,
    /// The last day of the closed periods; nothing may be posted on or before it.
    pub closed_through: Option<Date>,
}

impl MasterData {
    /// The account that belongs to a bank account.
    pub(super) fn bank(&self, bank_account: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.bank_account.as_deref() == Some(bank_account))
    }

    /// The kind of an object's records in [`MasterData::inactive`].
    pub(super) fn kind_of(object: &str) -> &'static str {
        match object {
            "ARACCOUNTLABEL" => "label",
            "CHECKINGACCOUNT" => "bank",
            "ITEM" => "item",
            "LOCATION" | "LOCATIONENTITY" => "location",
            "DEPARTMENT" => "department",
            "CLASS" => "class",
            "PROJECT" => "project",
            "ARTERM" => "term",
            "JOURNAL" => "journal",
            "CUSTTYPE" => "customer type",
            "SODOCUMENTPARAMS" => "definition",
            "WAREHOUSE" => "warehouse",
            _ => "account",
        }
    }

    /// STATUS of a record.
    pub(super) fn status(&self, kind: &str, id: &str) -> &'static str {
        let name = format!("{kind}/{id}");
        match () {
            () if self.inactive.contains(&name) => "inactive",
            () if self.non_posting.contains(&name) => "active non-posting",
            () => "active",
        }
    }

    /// The objects that have records, with the ids of these.
    pub(super) fn ids(&self) -> Vec<(&'static str, String)> {
        let of = |object: &'static str, ids: Vec<&String>| {
            ids.into_iter().map(move |id| (object, id.clone())).collect::<Vec<_>>()
        };
        let entities = self.locations.iter().filter(|(_, location)| location.entity).map(|(id, _)| id).collect();
        [
            of("GLACCOUNT", self.accounts.keys().collect()),
            of("ARACCOUNTLABEL", self.account_labels.keys().collect()),
            of("CHECKINGACCOUNT", self.accounts.values().filter_map(|account| account.bank_account.as_ref()).collect()),
            of("ITEM", self.items.keys().collect()),
            of("LOCATION", self.locations.keys().collect()),
            of("LOCATIONENTITY", entities),
            of("DEPARTMENT", self.departments.keys().collect()),
            of("CLASS", self.classes.keys().collect()),
            of("PROJECT", self.projects.keys().collect()),
            of("ARTERM", self.terms.keys().collect()),
            of("JOURNAL", self.journals.keys().collect()),
            of("CUSTTYPE", self.customer_types.iter().collect()),
        ]
        .concat()
    }

    /// The entity a location belongs to: itself, or the nearest one above it.
    pub(super) fn entity_of<'a>(&'a self, location: &'a str) -> Option<&'a str> {
        let mut at = location;
        for _ in 0..=self.locations.len() {
            let found = self.locations.get(at)?;
            if found.entity {
                return Some(at);
            }
            at = found.parent.as_deref()?;
        }
        None
    }

    /// Whether a day lies in a closed period.
    pub(super) fn is_closed(&self, day: Date) -> bool {
        self.closed_through.is_some_and(|last| day <= last)
    }
}

const BALANCE_SHEET: &[(&str, &str, Side)] = &[
    ("1010", "Bank", Side::Debit),
    ("1100", "Accounts receivable", Side::Debit),
    ("1150-S", "Clearing: Stripe", Side::Debit),
    ("1150-P", "Clearing: PayPal", Side::Debit),
    ("1150-M", "Clearing: manual and offline payments", Side::Debit),
    ("1150-A", "Clearing: Adyen", Side::Debit),
    ("1150-E", "Clearing: euro gateway", Side::Debit),
    ("1180", "Disputed funds receivable", Side::Debit),
    ("1190", "Undeposited funds", Side::Debit),
    ("1200", "Inventory", Side::Debit),
    ("2200", "Sales tax payable", Side::Credit),
    ("2200-ST", "Sales tax payable: state", Side::Credit),
    ("2200-CO", "Sales tax payable: county", Side::Credit),
    ("2200-CI", "Sales tax payable: city", Side::Credit),
    ("2200-DI", "Sales tax payable: district", Side::Credit),
    ("2300", "Gift card liability", Side::Credit),
    ("2310", "Store credit liability", Side::Credit),
    ("2320", "Customer deposits", Side::Credit),
];

const INCOME_STATEMENT: &[(&str, &str, Side)] = &[
    ("4000", "Product sales", Side::Credit),
    ("4010", "Shipping revenue", Side::Credit),
    ("4020", "Handling revenue", Side::Credit),
    ("4090", "Discounts", Side::Debit),
    ("4095", "Coupons", Side::Debit),
    ("4100", "Returns and allowances", Side::Debit),
    ("4200", "Gift card breakage", Side::Credit),
    ("4210", "Restocking fee income", Side::Credit),
    ("5000", "Cost of goods sold", Side::Debit),
    ("5050", "Inventory scrap", Side::Debit),
    ("6100", "Processing fees", Side::Debit),
    ("6110", "Dispute fees", Side::Debit),
    ("6120", "Chargeback losses", Side::Debit),
    ("6130", "Goodwill", Side::Debit),
    ("7100", "Realised exchange gain or loss", Side::Debit),
    ("7110", "Tax filing allowance", Side::Credit),
];

const STATISTICAL: &[(&str, &str, Side)] = &[("9001", "Orders shipped", Side::Debit)];

impl Default for MasterData {
    fn default() -> Self {
        Self {
            accounts: default_accounts(),
            receivables_account: "1100".to_owned(),
            exchange_gain_loss_account: "7100".to_owned(),
            account_labels: BTreeMap::new(),
            locations: [("100", "United States"), ("200", "Europe")]
                .map(|(id, name)| (id.to_owned(), Location { name: name.to_owned(), entity: true, parent: None }))
                .into(),
            departments: named([("WEB", "Web shop"), ("WHOLESALE", "Wholesale")]),
            classes: named([("ONLINE", "Online"), ("B2B", "Business to business")]),
            items: named([
                ("SKU-1", "Sample item one"),
                ("SKU-2", "Sample item two"),
                ("SHIPPING", "Shipping"),
                ("GIFT-CARD", "Gift card"),
            ]),
            projects: BTreeMap::new(),
            inactive: BTreeSet::new(),
            non_posting: BTreeSet::new(),
            owners: BTreeMap::new(),
            terms: [("Due on receipt", 0), ("N30", 30)].map(|(name, days)| (name.to_owned(), days)).into(),
            customer_types: ["Web", "Wholesale"].map(str::to_owned).into(),
            journals: [
                ("GJ", "General journal", false),
                ("AJ", "Adjusting journal", false),
                ("SJ", "Statistical journal", true),
            ]
            .map(|(symbol, title, statistical)| {
                (symbol.to_owned(), JournalBook { title: title.to_owned(), direct_posting: true, statistical })
            })
            .into(),
            attachments: BTreeSet::new(),
            attachment_folders: ["BigCommerce"].map(str::to_owned).into(),
            order_entry: OrderEntrySetup::default(),
            closed_through: None,
        }
    }
}

fn named<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(id, name)| (id.to_owned(), name.to_owned())).into()
}

fn default_accounts() -> BTreeMap<String, Account> {
    let groups = [
        (AccountType::BalanceSheet, BALANCE_SHEET),
        (AccountType::IncomeStatement, INCOME_STATEMENT),
        (AccountType::Statistical, STATISTICAL),
    ];
    let account = |account_type, (number, title, normal_balance): (&str, &str, Side)| Account {
        number: number.to_owned(),
        title: title.to_owned(),
        account_type,
        normal_balance,
        active: true,
        required: Vec::new(),
        bank_account: (number == "1010").then(|| "BOA".to_owned()),
    };
    groups
        .into_iter()
        .flat_map(|(account_type, rows)| rows.iter().map(move |row| (row.0.to_owned(), account(account_type, *row))))
        .collect()
}
