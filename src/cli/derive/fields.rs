//! Which fields of BigCommerce's answers are personal data, and which are known not to be.

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It says nothing about a person.
    Keep,
    /// A stand-in of this kind takes its place.
    Person(Person),
    /// It is taken out.
    Remove,
    /// It should be an amount, and stays when it is one.
    Amount,
    /// Nobody knows: only numbers and what is written as an amount stay.
    Unknown,
}

/// What a personal value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Person {
    FirstName,
    LastName,
    Company,
    Street,
    City,
    Zip,
    Phone,
    Email,
    IpAddress,
    /// The code of a gift certificate, which is money to whoever knows it.
    Certificate,
}

/// Objects and lists of which nothing is kept: what buyers typed, and what banks said about them.
const REMOVED_WHOLE: [&str; 8] = [
    "form_fields",
    "configurable_fields",
    "product_options",
    "attributes",
    "credit_card",
    "avs_result",
    "cvv_result",
    "custom_provider_field_result",
];

/// Free text, links, and references to a person or an instrument.
const REMOVED: [&str; 17] = [
    "staff_notes",
    "customer_message",
    "wrapping_message",
    "message",
    "declined_message",
    "comments",
    "notes",
    "reason",
    "tracking_number",
    "tracking_link",
    "generated_tracking_link",
    "url",
    "resource",
    "payment_instrument_token",
    "provider_instrument_token",
    "provider_customer_id",
    "shopper_profile_id",
];

/// Texts that accounting looks at or that help a reader, none about a person.
const KEPT: [&str; 49] = [
    "id",
    "status",
    "custom_status",
    "payment_status",
    "payment_method",
    "created",
    "event_date",
    "order_source",
    "external_source",
    "source",
    "state",
    "state_or_province",
    "country",
    "country_iso2",
    "country_code",
    "geoip_country",
    "geoip_country_iso2",
    "customer_locale",
    "currency",
    "currency_code",
    "default_currency_code",
    "store_default_currency_code",
    "sku",
    "upc",
    "name",
    "name_customer",
    "name_merchant",
    "brand",
    "type",
    "target",
    "class",
    "code",
    "line_item_type",
    "wrapping_name",
    "shipping_method",
    "shipping_zone_name",
    "shipping_provider",
    "shipping_provider_display_name",
    "display_name",
    "display_name_customer",
    "display_name_merchant",
    "event",
    "method",
    "gateway",
    "item_type",
    "description",
    "address_type",
    "tax_exempt_category",
    "credit_card_type",
];

/// Words in the keys of amounts, whose values may be texts without a decimal point.
const AMOUNTS: [&str; 9] = ["amount", "total", "cost", "price", "tax", "discount", "quantity", "rate", "balance"];

/// What becomes of the value that these keys lead to; the first is the file's name.
pub(super) fn fate(path: &[String]) -> Fate {
    let Some((key, above)) = path.split_last() else { return Fate::Unknown };
    let key = key.as_str();
    if key == "card_type" {
        return Fate::Keep;
    }
    if above.iter().any(|above| REMOVED_WHOLE.contains(&above.as_str())) || REMOVED.contains(&key) {
        return Fate::Remove;
    }
    let under = above.last().map(String::as_str);
    let person = match key {
        "first_name" => Some(Person::FirstName),
        "last_name" => Some(Person::LastName),
        "to_name" | "from_name" => Some(Person::LastName),
        "company" => Some(Person::Company),
        "street_1" | "street_2" | "address1" | "address2" => Some(Person::Street),
        "city" => Some(Person::City),
        "zip" | "postal_code" => Some(Person::Zip),
        "phone" => Some(Person::Phone),
        "code" if under == Some("gift_certificate") => Some(Person::Certificate),
        _ if key.ends_with("email") => Some(Person::Email),
        _ if key.contains("ip_address") => Some(Person::IpAddress),
        _ => None,
    };
    if let Some(person) = person {
        return Fate::Person(person);
    }
    if KEPT.contains(&key) || key.ends_with("_id") || key.ends_with("_ids") || key.starts_with("date_") {
        return Fate::Keep;
    }
    if AMOUNTS.iter().any(|word| key.contains(word)) { Fate::Amount } else { Fate::Unknown }
}
