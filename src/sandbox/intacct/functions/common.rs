//! Checks that several functions share: customers, accounts, dimensions, currencies, posting dates.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::books::Books;
use super::super::chart::{Account, AccountType, Dimension};
use super::super::objects::USER_DEFINED;
use super::super::records::{Customer, Dimensions};
use super::super::refusal::Refusal;
use super::super::values::{number, print_date};
use super::super::xml_tree::Element;
use super::Context;

/// An active customer.
pub(super) fn customer<'a>(books: &'a Books, id: &str) -> Result<&'a Customer, Refusal> {
    let customer = books.customers.get(id).ok_or_else(|| Refusal::invalid("Customer", id))?;
    if customer.active { Ok(customer) } else { Err(Refusal::inactive("customer", id)) }
}

/// An active account that can hold money.
pub(super) fn money_account<'a>(books: &'a Books, number: &str) -> Result<&'a Account, Refusal> {
    let account = active_account(books, number)?;
    match account.account_type {
        AccountType::Statistical => Err(Refusal::account_not_valid(number)),
        AccountType::BalanceSheet | AccountType::IncomeStatement => Ok(account),
    }
}

/// An active account of any type.
pub(super) fn active_account<'a>(books: &'a Books, number: &str) -> Result<&'a Account, Refusal> {
    let account = books.masters.accounts.get(number).ok_or_else(|| Refusal::account_not_valid(number))?;
    if account.active { Ok(account) } else { Err(Refusal::account_inactive(number)) }
}

/// An account that may stand on a line of receivables: active and not that of a bank account.
pub(super) fn line_account<'a>(books: &'a Books, number: &str) -> Result<&'a Account, Refusal> {
    let account = money_account(books, number)?;
    match &account.bank_account {
        Some(bank) => Err(Refusal::account_is_bank(number, bank)),
        None => Ok(account),
    }
}

/// The account behind an account label.
pub(super) fn labelled_account<'a>(books: &'a Books, label: &str) -> Result<&'a str, Refusal> {
    let account = books.masters.account_labels.get(label).map(String::as_str);
    account.ok_or_else(|| Refusal::invalid("Account label", label))
}

/// The names under which a line carries its dimensions; they differ between objects.
pub(super) struct DimensionNames {
    pub(super) location: &'static str,
    pub(super) department: &'static str,
    pub(super) class: &'static str,
    pub(super) item: &'static str,
    pub(super) customer: &'static str,
    pub(super) project: &'static str,
    /// Dimensions this company has no values for.
    pub(super) unused: &'static [(&'static str, &'static str)],
}

/// Reads and checks the dimensions of a line. At entity level the location defaults to the entity.
pub(super) fn dimensions(
    line: &Element,
    names: &DimensionNames,
    account: &Account,
    books: &Books,
    context: &Context<'_>,
) -> Result<Dimensions, Refusal> {
    let text = |name: &str| line.text_of(name).map(str::to_owned);
    let found = Dimensions {
        location: text(names.location).or_else(|| context.entity()),
        department: text(names.department),
        class: text(names.class),
        item: text(names.item),
        customer: text(names.customer),
        project: text(names.project),
        user_defined: user_defined(line, context)?,
    };
    check_values(&found, books, context)?;
    if let Some((kind, id)) = names.unused.iter().find_map(|(name, kind)| Some((kind, line.text_of(name)?))) {
        return Err(Refusal::invalid(kind, id));
    }
    check_required(&found, account, context.settings.multi_entity)?;
    Ok(found)
}

/// The values of the company's own dimensions: elements of their own in generic lines, custom fields in the others (Intacct
/// docs, AR advances). The value is the record number of a value the dimension has.
fn user_defined(line: &Element, context: &Context<'_>) -> Result<BTreeMap<String, u64>, Refusal> {
    let elements = line.children.iter().map(|field| (field.name.as_str(), field.text.as_str()));
    let fields = line.get("customfields").into_iter().flat_map(|fields| fields.all("customfield"));
    let legacy = fields.map(|field| {
        let text = |name: &str| field.text_of(name).unwrap_or_default();
        (text("customfieldname"), text("customfieldvalue"))
    });
    let named = elements.chain(legacy).filter_map(|(name, value)| Some((name.strip_prefix(USER_DEFINED)?, value)));
    named
        .map(|(name, value)| {
            let dimension = context.settings.user_defined_dimensions.get(name);
            let values =
                dimension.ok_or_else(|| Refusal::unknown_field(&line.name, &format!("{USER_DEFINED}{name}")))?;
            let number = value.parse().ok().filter(|number| values.contains_key(number));
            number.map(|number| (name.to_owned(), number)).ok_or_else(|| Refusal::invalid(name, value))
        })
        .collect()
}

/// The custom fields of a generic object; that the company knows them was checked with the other fields.
pub(super) fn custom_fields(object: &Element, context: &Context<'_>) -> BTreeMap<String, String> {
    let own = object.children.iter().filter(|field| context.settings.custom_fields.contains(&field.name));
    own.map(|field| (field.name.clone(), field.text.clone())).collect()
}

/// The custom fields of an object-specific function or one of its lines; the company must know them. Dimensions of its own,
/// which lines carry in the same place, are left out.
pub(super) fn legacy_custom_fields(
    holder: &Element,
    context: &Context<'_>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let Some(fields) = holder.get("customfields") else { return Ok(BTreeMap::new()) };
    let line = holder.name == "lineitem";
    fields
        .all("customfield")
        .map(|field| {
            let text = |name: &str| field.text_of(name).unwrap_or_default().to_owned();
            (text("customfieldname"), text("customfieldvalue"))
        })
        .filter(|(name, _)| !(line && name.starts_with(USER_DEFINED)))
        .map(|(name, value)| {
            let known = context.settings.custom_fields.contains(&name);
            if known { Ok((name, value)) } else { Err(Refusal::unknown_field(&holder.name, &name)) }
        })
        .collect()
}

fn check_values(found: &Dimensions, books: &Books, context: &Context<'_>) -> Result<(), Refusal> {
    let masters = &books.masters;
    if let Some(id) = &found.location {
        let own = |entity: &String| masters.entity_of(id) == Some(entity);
        let foreign = context.signed_in.location.as_ref().is_some_and(|entity| !own(entity));
        if foreign || !masters.locations.contains_key(id) {
            return Err(Refusal::invalid("Location", id));
        }
        check_active("location", id, books)?;
    }
    let entity = found.location.as_deref().and_then(|id| masters.entity_of(id));
    // What an entity owns can be used in that entity only.
    let foreign = |kind: &str, id: &str| {
        let owner = masters.owners.get(&format!("{}/{id}", kind.to_lowercase()));
        owner.is_some_and(|owner| entity != Some(owner))
    };
    let named = |kind: &str, id: &Option<String>, known: &BTreeMap<String, String>| match id {
        Some(id) if foreign(kind, id) => Err(Refusal::invalid(kind, id)),
        Some(id) if known.contains_key(id) => check_active(&kind.to_lowercase(), id, books),
        Some(id) if kind == "Item" => Err(Refusal::item_not_valid(id)),
        Some(id) => Err(Refusal::invalid(kind, id)),
        None => Ok(()),
    };
    named("Department", &found.department, &masters.departments)?;
    named("Class", &found.class, &masters.classes)?;
    named("Item", &found.item, &masters.items)?;
    named("Project", &found.project, &masters.projects)?;
    match &found.customer {
        Some(id) => customer(books, id).map(|_| ()),
        None => Ok(()),
    }
}

fn check_active(kind: &str, id: &str, books: &Books) -> Result<(), Refusal> {
    match books.masters.status(kind, id) {
        "active" => Ok(()),
        "inactive" => Err(Refusal::inactive(kind, id)),
        _ => Err(Refusal::invalid(kind, id)),
    }
}

fn check_required(found: &Dimensions, account: &Account, multi_entity: bool) -> Result<(), Refusal> {
    let everywhere = multi_entity.then_some(Dimension::Location);
    let missing = everywhere.into_iter().chain(account.required.iter().copied()).find(|dimension| {
        let value = match dimension {
            Dimension::Location => &found.location,
            Dimension::Department => &found.department,
            Dimension::Class => &found.class,
            Dimension::Item => &found.item,
            Dimension::Customer => &found.customer,
            Dimension::Project => &found.project,
        };
        value.is_none()
    });
    match missing {
        Some(dimension) => Err(Refusal::missing_dimension(dimension.label(), &account.number)),
        None => Ok(()),
    }
}

/// Refuses a day in a closed period. The posting date decides, not the date of the document.
pub(super) fn open_period(books: &Books, day: Date) -> Result<(), Refusal> {
    if books.masters.is_closed(day) { Err(Refusal::closed_period(&print_date(day))) } else { Ok(()) }
}

/// What a document says about its currency.
#[derive(Default)]
pub(super) struct CurrencyText<'a> {
    pub(super) currency: Option<&'a str>,
    pub(super) rate: Option<&'a str>,
    pub(super) rate_type: Option<&'a str>,
}

/// What a header with the legacy currency group says. In a company without multi-currency the whole group is refused, even
/// for its own currency.
pub(super) fn legacy_currency(body: &Element, context: &Context<'_>) -> Result<(String, Decimal), Refusal> {
    if body.get("currency").is_some() && !context.settings.multi_currency {
        return Err(Refusal::foreign_currency_off());
    }
    let text = CurrencyText {
        currency: body.text_of("currency"),
        rate: body.text_of("exchrate"),
        rate_type: body.text_of("exchratetype"),
    };
    currency(&text, context)
}

/// The id of an attachment that is there.
pub(super) fn attachment(body: &Element, name: &str, books: &Books) -> Result<Option<String>, Refusal> {
    match body.text_of(name) {
        Some(unknown) if !books.masters.attachments.contains(unknown) => Err(Refusal::invalid("Attachment", unknown)),
        found => Ok(found.map(str::to_owned)),
    }
}

/// The currency and the rate to base currency. Without a currency it is the base currency.
pub(super) fn currency(text: &CurrencyText<'_>, context: &Context<'_>) -> Result<(String, Decimal), Refusal> {
    let base = &context.settings.base_currency;
    let Some(currency) = text.currency else { return Ok((base.clone(), Decimal::ONE)) };
    if currency == base {
        return Ok((base.clone(), Decimal::ONE));
    }
    if !context.settings.multi_currency {
        return Err(Refusal::foreign_currency_off());
    }
    if let Some(rate) = text.rate {
        let rate = number("Exchange rate", rate)?.round_dp(4);
        return if rate > Decimal::ZERO {
            Ok((currency.to_owned(), rate))
        } else {
            Err(Refusal::illegal_value("Exchange rate", "0"))
        };
    }
    if text.rate_type.is_some_and(|name| !matches!(name, "" | "Intacct Daily Rate")) {
        return Err(Refusal::invalid("Exchange rate type", text.rate_type.unwrap_or_default()));
    }
    let rate = context.settings.exchange_rates.get(currency);
    rate.map(|rate| (currency.to_owned(), *rate)).ok_or_else(|| Refusal::no_exchange_rate(currency, base))
}

/// Refuses a field that an object does not have. `known` holds the fields, `custom` the company's own ones.
pub(super) fn known_fields(
    object: &Element,
    known: &[&str],
    custom: bool,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    // A line's dimensions are looked at with the others, by value too.
    let line = matches!(object.name.as_str(), "GLENTRY" | "ARADVANCEITEM");
    let own = |name: &str| {
        custom && (context.settings.custom_fields.contains(name) || (line && name.starts_with(USER_DEFINED)))
    };
    let unknown = object.children.iter().find(|field| !known.contains(&field.name.as_str()) && !own(&field.name));
    match unknown {
        Some(field) => Err(Refusal::unknown_field(&object.name, &field.name)),
        None => Ok(()),
    }
}

/// A field that must be there and not be empty.
pub(super) fn required<'a>(object: &'a Element, name: &str, label: &str) -> Result<&'a str, Refusal> {
    object.text_of(name).ok_or_else(|| Refusal::missing_field(label))
}
