//! One input as the answers about one order: its parts in a fixed order, each ended by a byte that is in no JSON text.

use cartledger::bigcommerce::evidence::RawOrder;

/// Ends a part. No UTF-8 text holds it.
const END: u8 = 0xff;

/// The parts of an input; what is missing is empty.
pub fn raw_order(input: &[u8]) -> RawOrder {
    let mut parts = input.split(|byte| *byte == END).map(<[u8]>::to_vec);
    let mut next = || parts.next().unwrap_or_default();
    RawOrder {
        order_id: 418,
        order: next(),
        products: next(),
        shipping_addresses: next(),
        coupons: next(),
        taxes: next(),
        fees: next(),
        transactions: next(),
        refunds: next(),
        shipments: next(),
        customer: next(),
        ..RawOrder::default()
    }
}
