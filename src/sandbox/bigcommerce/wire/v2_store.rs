//! The store's own facts as `GET /v2/store`, `/v2/currencies` and `/v2/order_statuses` write them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::model::status;
use super::super::settings::StoreSettings;
use super::v2_date;

/// `GET /v2/store`.
pub(in super::super) fn store(settings: &StoreSettings, now: Timestamp) -> Value {
    let (raw, dst) = offsets(&settings.time_zone, now);
    let domain = format!("store-{}.mybigcommerce.com", settings.hash);
    json!({
        "id": settings.hash,
        "store_id": settings.store_id,
        "account_uuid": "8d4d492f-17a1-4d95-b396-e1c5720815a5",
        "name": settings.name,
        "domain": domain,
        "secure_url": format!("https://{domain}"),
        "control_panel_base_url": format!("https://{domain}"),
        "status": "live",
        "first_name": "Alex",
        "last_name": "Morgan",
        "address": "1 Lakeshore Drive\nChicago, IL",
        "country": "United States",
        "country_code": "US",
        "infrastructure_region": "us-central1",
        "phone": "312-555-0100",
        "admin_email": "owner@example.com",
        "order_email": "orders@example.com",
        "timezone": {
            "name": settings.time_zone,
            "raw_offset": raw,
            "dst_offset": dst,
            "dst_correction": raw != dst,
            "date_format": { "display": "M jS Y", "export": "M jS Y", "extended_display": "M jS Y @ g:i A" },
        },
        "language": "en",
        "currency": settings.currency,
        "currency_symbol": "$",
        "decimal_separator": ".",
        "thousands_separator": ",",
        "decimal_places": 2,
        "currency_symbol_location": "left",
        "weight_units": "LBS",
        "plan_name": "Plus",
        "plan_level": "Plus",
        "plan_is_trial": false,
        "industry": "Outdoor",
        "logo": [],
        "is_price_entered_with_tax": false,
        "default_channel_id": 1,
        "default_site_id": 1000,
        "active_comparison_modules": [],
        "features": { "stencil_enabled": true, "checkout_type": "optimized", "multi_storefront_enabled": true },
    })
}

/// Offsets from UTC in winter and in summer, in seconds; equal where clocks do not change.
fn offsets(zone: &str, now: Timestamp) -> (i32, i32) {
    let Ok(zone) = jiff::tz::TimeZone::get(zone) else { return (0, 0) };
    let offsets = [0, 182].map(|days| {
        let at = now.saturating_add(jiff::SignedDuration::from_hours(24 * days)).unwrap_or(now);
        zone.to_offset(at).seconds()
    });
    (offsets[0].min(offsets[1]), offsets[0].max(offsets[1]))
}

/// `GET /v2/currencies`: the store's own, and euros at a fixed rate.
pub(in super::super) fn currencies(settings: &StoreSettings, now: Timestamp) -> Value {
    let currency = |id: u64, code: &str, name: &str, token: &str, rate: &str| {
        let own = code == settings.currency;
        json!({
            "id": id,
            "is_default": own,
            "country_iso2": code.get(..2).unwrap_or_default(),
            "default_for_country_codes": [],
            "currency_code": code,
            "currency_exchange_rate": rate,
            "auto_update": false,
            "token_location": "left",
            "token": token,
            "decimal_token": ".",
            "thousands_token": ",",
            "decimal_places": 2,
            "name": name,
            "enabled": true,
            "is_transactional": true,
            "use_default_name": true,
            "last_updated": v2_date(now),
        })
    };
    let own = currency(1, &settings.currency, "Store currency", "$", "1.0000000000");
    if settings.currency == "EUR" {
        json!([own])
    } else {
        json!([own, currency(2, "EUR", "Euro", "€", "0.9216589862")])
    }
}

/// `GET /v2/order_statuses`.
pub(in super::super) fn statuses() -> Value {
    let all = (0..).map_while(|id| status::name(id).map(|name| (id, name)));
    all.map(|(id, name)| {
        json!({ "id": id, "name": name, "system_label": name, "custom_label": name, "system_description": "", "order": id })
    })
    .collect()
}
