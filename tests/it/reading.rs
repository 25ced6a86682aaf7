//! The reader against the sandbox store: shipments, customer groups and categories arrive as evidence, and decide.

use std::time::Duration;

use cartledger::accounting::derive::derive;
use cartledger::accounting::evidence::Evidence;
use cartledger::accounting::policy::Policy;
use cartledger::accounting::rulebook::{Condition, Give, Rule, RuleKind, Rulebook};
use cartledger::bigcommerce::client::{Extras, StoreClient, StoreConnection};
use cartledger::clock::Clock;
use cartledger::sandbox::bigcommerce::{
    Address, CouponKind, CustomerDraft, Destination, LineDraft, OrderDraft, ProductDraft, Store, StoreSettings, TaxRate,
};
use rust_decimal::Decimal;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A store that sells a lamp and a mug to a customer of group 3, and its reader.
struct Shop {
    store: Store,
    customer: u64,
    address: String,
    clock: Clock,
    stop: CancellationToken,
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Shop {
    async fn open() -> Self {
        Self::open_that(true).await
    }

    /// One that embeds what is asked for, or only links to it.
    async fn open_that(embeds: bool) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::fixed("2026-03-05T15:00:00Z".parse().unwrap());
        let settings = StoreSettings {
            clock: clock.clone(),
            embeds,
            ..StoreSettings::new("readhash1", SecretString::from("token"), SecretString::from("secret"))
        };
        let store = Store::new(settings).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let (serving, token) = (store.clone(), stop.clone());
        tokio::spawn(async move { serving.serve(listener, token).await });
        let customer =
            store.register_customer(CustomerDraft { address: buyer(), group: 3, store_credit: Decimal::ZERO });
        let shop = Self { store, customer, address, clock, stop };
        shop.put("LAMP", "Storm lamp", 18_20, &["Light", "Camping"]);
        shop.put("MUG", "Enamel mug", 0, &["Camping"]);
        shop
    }

    fn put(&self, sku: &str, name: &str, cost: i64, categories: &[&str]) {
        let categories = categories.iter().map(|name| (*name).to_owned()).collect();
        let (price, cost) = (Decimal::new(45_00, 2), Decimal::new(cost, 2));
        self.store.put_product(ProductDraft { sku: sku.into(), name: name.into(), price, cost, categories }).unwrap();
    }

    /// Two lamps and a mug, placed.
    fn order(&self) -> u64 {
        let rates = [TaxRate::new("Sales Tax", Decimal::new(8_25, 2))];
        let draft =
            OrderDraft::customer(self.customer, buyer()).ship("Ground", Decimal::from(5), Decimal::ZERO, &rates);
        let lamp = LineDraft::new("LAMP", "Storm lamp", 2, Decimal::from(45)).cost(Decimal::new(18_20, 2));
        self.store
            .place_order(&draft.line(lamp).line(LineDraft::new("MUG", "Enamel mug", 1, Decimal::from(12))))
            .unwrap()
    }

    /// Two places, a download and a gift certificate; discounts of all kinds and a coupon.
    fn long_order(&self) -> u64 {
        let rates = [TaxRate::new("Sales Tax", Decimal::new(8_25, 2))];
        let to = |method: &str| Destination {
            address: buyer(),
            method: method.into(),
            shipping: Decimal::new(7_50, 2),
            handling: Decimal::from(1),
            rates: rates.to_vec(),
        };
        let lamp = || LineDraft::new("LAMP", "Storm lamp", 2, Decimal::from(45)).cost(Decimal::new(18_20, 2));
        let draft = OrderDraft::guest(buyer())
            .destination(to("Ground"))
            .destination(to("Air"))
            .billing_rates(&rates)
            .line(lamp().to(1).wrapped(Decimal::from(3)))
            .line(lamp().to(0))
            .line(LineDraft::new("MUG", "Enamel mug", 1, Decimal::from(12)).to(1))
            .line(LineDraft::new("PLAN", "Camping plan", 1, Decimal::from(9)).digital())
            .line(LineDraft::gift_certificate("Gift", Decimal::from(25)))
            .discount_percent(Decimal::from(5))
            .coupon(CouponKind::Percent, "SPRING", Decimal::from(10));
        self.store.place_order(&draft).unwrap()
    }

    fn reader(&self, extras: Extras) -> StoreClient {
        let connection = StoreConnection {
            name: "acme-us".into(),
            base_url: self.address.clone(),
            store_hash: "readhash1".into(),
            access_token: SecretString::from("token"),
            reserve_percent: 10,
            extras,
        };
        StoreClient::new(connection, self.clock.clone()).unwrap()
    }
}

fn buyer() -> Address {
    Address {
        first_name: "Emma".into(),
        last_name: "Larsen".into(),
        city: "Austin".into(),
        state: "Texas".into(),
        country: "United States".into(),
        country_code: "US".into(),
        email: "emma@example.com".into(),
        ..Address::default()
    }
}

const EVERYTHING: Extras = Extras { shipments: true, customers: true, categories: true };

fn categories(evidence: &Evidence) -> Vec<String> {
    evidence.lines.iter().map(|line| line.categories.join("+")).collect()
}

#[tokio::test]
async fn an_order_reads_the_same_whether_the_store_embeds_its_lines_or_has_to_be_asked_for_them() {
    let mut read = Vec::new();
    for embeds in [true, false] {
        let shop = Shop::open_that(embeds).await;
        let (short, long) = (shop.order(), shop.long_order());
        let reader = shop.reader(EVERYTHING);
        let both = [reader.read_order(short).await.unwrap(), reader.read_order(long).await.unwrap()];
        assert_eq!((both[1].lines.len(), both[1].shipping.len(), both[1].coupons.len()), (5, 2, 1));
        read.push((both, reader.calls_made()));
    }
    let [(embedded, few), (asked_for, many)] = read.try_into().unwrap();
    assert_eq!(embedded, asked_for);
    assert_eq!(many - few, 2 + 2, "lines and addresses of both; coupons are asked for where something was taken off");
}

#[tokio::test]
async fn what_a_store_has_of_an_order_arrives_when_it_is_wanted() {
    let shop = Shop::open().await;
    let (order, reader) = (shop.order(), shop.reader(EVERYTHING));
    let unshipped = reader.read_order(order).await.unwrap();
    assert_eq!((unshipped.shipments.len(), unshipped.order.buyer.group), (0, Some(3)));
    assert_eq!(categories(&unshipped), ["Camping+Light", "Camping"]);
    let costs: Vec<_> = unshipped.lines.iter().map(|line| line.unit_cost).collect();
    assert_eq!(costs, [Some(Decimal::new(18_20, 2)), None], "nought means that no cost is kept");

    let (lamp, mug) = (unshipped.lines[0].id, unshipped.lines[1].id);
    shop.store.ship_part(order, lamp, 1).unwrap();
    shop.clock.advance(Duration::from_secs(86_400));
    shop.store.ship(order).unwrap();
    let shipped = reader.read_order(order).await.unwrap();
    let parcels: Vec<_> = shipped.shipments.iter().map(|s| (s.created.to_string(), s.items.clone())).collect();
    assert_eq!(
        parcels,
        [
            ("2026-03-05T15:00:00Z".to_owned(), vec![(lamp, Decimal::ONE)]),
            ("2026-03-06T15:00:00Z".to_owned(), vec![(lamp, Decimal::ONE), (mug, Decimal::ONE)]),
        ]
    );
    let plain = shop.reader(Extras::default()).read_order(order).await.unwrap();
    assert_eq!((plain.shipments.len(), plain.order.buyer.group, categories(&plain).concat()), (0, None, String::new()));
}

#[tokio::test]
async fn deleted_records_leave_their_orders_readable() {
    let shop = Shop::open().await;
    let order = shop.order();
    shop.store.delete_customer(shop.customer).unwrap();
    shop.store.delete_product("LAMP").unwrap();
    let evidence = shop.reader(EVERYTHING).read_order(order).await.unwrap();
    assert_eq!((evidence.order.buyer.customer_id, evidence.order.buyer.group), (Some(shop.customer), None));
    assert_eq!(categories(&evidence), ["", "Camping"]);
}

#[tokio::test]
async fn a_product_put_elsewhere_is_noticed_within_the_hour_and_costs_no_request_until_then() {
    let shop = Shop::open().await;
    let (order, reader) = (shop.order(), shop.reader(EVERYTHING));
    reader.read_order(order).await.unwrap();
    let first = reader.calls_made();
    shop.put("MUG", "Enamel mug", 0, &["Kitchen"]);
    let remembered = reader.read_order(order).await.unwrap();
    assert_eq!((categories(&remembered)[1].as_str(), reader.calls_made() - first), ("Camping", first - 2));
    shop.clock.advance(Duration::from_secs(3600));
    assert_eq!(categories(&reader.read_order(order).await.unwrap())[1], "Kitchen");
}

#[tokio::test]
async fn group_and_category_decide_by_the_rules() {
    let shop = Shop::open().await;
    let order = shop.order();
    let to = |id: &str, kind, account: &str| Rule::new(id, kind).gives(Give::Account, account);
    let rules = vec![
        to("goods", RuleKind::Product, "4000"),
        to("light", RuleKind::Product, "4005").when(Condition::Category, "Light"),
        to("shipping", RuleKind::Shipping, "4010"),
        to("tax", RuleKind::Tax, "2200"),
        to("card", RuleKind::Payment, "1150").gives(Give::PaymentMethod, "Credit Card"),
        Rule::new("trade", RuleKind::Customer).when(Condition::Group, "3").gives(Give::Terms, "Net 30"),
    ];
    let rulebook = Rulebook::new(rules).unwrap();
    let evidence = shop.reader(EVERYTHING).read_order(order).await.unwrap();
    let derivation = derive(&evidence, &rulebook, &Policy::new("acme-us", "1100"));
    assert_eq!(derivation.holds, []);
    assert_eq!(derivation.customer.unwrap().terms.as_deref(), Some("Net 30"));
    let revenue: Vec<_> = derivation.documents[0]
        .lines
        .iter()
        .filter(|line| line.account.starts_with("400"))
        .map(|line| (line.account.as_str(), line.credit))
        .collect();
    assert_eq!(revenue, [("4005", Decimal::from(90)), ("4000", Decimal::from(12))]);
}

#[tokio::test]
async fn a_reader_can_tell_beforehand_whether_it_may_read_everything() {
    let shop = Shop::open().await;
    shop.reader(EVERYTHING).check_access().await.unwrap();
    shop.store.set_faults(cartledger::sandbox::bigcommerce::Faults { server_error: 1, ..Default::default() });
    assert!(shop.reader(EVERYTHING).check_access().await.is_err());
}
