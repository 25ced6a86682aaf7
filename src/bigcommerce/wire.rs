//! The answers of BigCommerce as they come: plain structs of loose values, read from their literal text.
//!
//! Only what accounting uses is named; everything else is passed over, so a new field breaks nothing and personal data
//! that nobody needs never gets further than the socket. Every key may be missing.

use serde::Deserialize;

use super::loose::Loose;

/// Declares wire structs: every field a [`Loose`] value of the same name in JSON, or of the name given in quotes.
macro_rules! wire {
    ($($(#[$doc:meta])* $name:ident { $($(= $json:literal)? $field:ident),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[serde(rename = $json)])? pub $field: Loose,)+
        }
    )+ };
}

wire! {
    /// An order's header (BigCommerce, Orders V2, `GET /orders/{id}`).
    Order {
        id, customer_id, date_created, date_modified, date_shipped, status_id, status, subtotal_ex_tax,
        subtotal_inc_tax, shipping_cost_ex_tax, shipping_cost_inc_tax, handling_cost_ex_tax, handling_cost_inc_tax,
        wrapping_cost_ex_tax, wrapping_cost_inc_tax, total_ex_tax, total_inc_tax, total_tax,
        is_tax_inclusive_pricing, items_total, payment_method, payment_status, store_credit_amount,
        gift_certificate_amount, currency_code, currency_exchange_rate, default_currency_code,
        store_default_currency_code, store_default_to_transactional_exchange_rate, discount_amount, coupon_discount,
        is_deleted, order_source, channel_id, external_source, billing_address, fees, consignments,
        shipping_address_count,
    }

    /// How the lines of an order reach the buyer (BigCommerce, Orders V2, `GET /orders/{id}/consignments`).
    Consignments {
        pickups, shipping, downloads, email,
    }

    /// Consignments by e-mail.
    EmailConsignments {
        gift_certificates,
    }

    /// Lines that go the same way.
    Consignment {
        id, line_items,
    }

    /// An embedded line, as far as it takes to see whether all are there, and all of each.
    EmbeddedLine {
        id, order_address_id, = "type" kind, quantity, total_ex_tax, total_inc_tax, total_tax, applied_discounts,
    }

    /// A billing or shipping address, and what it costs to ship there (BigCommerce, Orders V2, `GET
    /// /orders/{id}/shipping_addresses`).
    Address {
        id, first_name, last_name, company, street_1, street_2, city, state, zip, country, country_iso2, phone,
        email, shipping_method, cost_ex_tax, cost_inc_tax, handling_cost_ex_tax, handling_cost_inc_tax,
    }

    /// A line (BigCommerce, Orders V2, `GET /orders/{id}/products`).
    Line {
        id, product_id, order_address_id, sku, name, brand, = "type" kind, quantity, total_ex_tax, total_inc_tax,
        total_tax, discounted_total_inc_tax, applied_discounts, wrapping_cost_ex_tax, wrapping_cost_inc_tax,
        gift_certificate_id, parent_order_product_id, cost_price_ex_tax, base_cost_price,
    }

    /// A discount's share on a line (BigCommerce, Orders V2, `applied_discounts`).
    AppliedDiscount {
        id, amount, name, code, target,
    }

    /// A coupon used (BigCommerce, Orders V2, `GET /orders/{id}/coupons`).
    Coupon {
        code, = "type" kind, discount,
    }

    /// A tax row (BigCommerce, Orders V2, `GET /orders/{id}/taxes?details=true`).
    TaxRow {
        name, class, rate, line_amount, line_item_type, order_product_id, order_address_id,
    }

    /// An order-level fee (BigCommerce, Orders V2, `GET /orders/{id}/fees`). Official examples misspell
    /// `cost_ex_tax`.
    Fee {
        id, display_name_merchant, display_name_customer, source, base_cost, cost_ex_tax, cost_exc_tax,
        cost_inc_tax, cost_tax,
    }

    /// A payment transaction (BigCommerce, Orders V3, `GET /orders/{id}/transactions`).
    Transaction {
        id, event, method, amount, currency, gateway, gateway_transaction_id, status, test,
        reference_transaction_id, date_created, offline, custom,
    }

    /// The name of an offline or custom payment method.
    Named {
        display_name, payment_method,
    }

    /// A refund (BigCommerce, Orders V3, `GET /orders/{id}/payment_actions/refunds`).
    Refund {
        id, created, reason, total_amount, total_tax, uses_merchant_override_values, items, payments,
    }

    /// What a refund refunds.
    RefundItem {
        item_type, item_id, quantity, requested_amount, adjustments,
    }

    /// A deduction from a refund, such as a restocking fee.
    RefundAdjustment {
        amount, description,
    }

    /// Money of a refund going out.
    RefundPayment {
        id, provider_id, amount, offline, is_declined,
    }

    /// A shipment (BigCommerce, Orders V2, `GET /orders/{id}/shipments`).
    Shipment {
        id, date_created, items,
    }

    /// What of a line a shipment carries.
    ShipmentItem {
        order_product_id, quantity,
    }

    /// A customer (BigCommerce, Customers V3, `GET /customers`).
    Customer {
        id, customer_group_id,
    }

    /// A line's product, for asking the catalogue about it.
    ProductReference {
        product_id,
    }

    /// A product of the catalogue (BigCommerce, Catalog V3, `GET /catalog/products`).
    CatalogueProduct {
        id, categories,
    }

    /// A category (BigCommerce, Catalog V3, `GET /catalog/trees/categories`).
    Category {
        category_id, name,
    }

    /// An order in a list, as far as scheduling needs it (BigCommerce, Orders V2, `GET /orders`).
    Summary {
        id, status_id, date_modified,
    }

    /// A refund in a list of many orders' refunds (BigCommerce, Orders V3, `GET /orders/payment_actions/refunds`).
    ListedRefund {
        id, order_id, payments,
    }

    /// A webhook (BigCommerce, Webhooks V3, `GET /hooks`).
    Hook {
        id, scope, destination, is_active, headers,
    }

    /// A store (BigCommerce, Store Information V2, `GET /store`).
    StoreProfile {
        id, store_id, name, timezone, currency, country_code, plan_name, is_price_entered_with_tax,
    }

    /// A store's time zone.
    TimeZone {
        name,
    }

    /// The platform's clock (BigCommerce, `GET /time`).
    ServerTime {
        time,
    }
}
