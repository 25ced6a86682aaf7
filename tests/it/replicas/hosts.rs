//! The same with hosts of their own: network namespaces with an address in each of three networks, one that Postgres is
//! in, one for Intacct, one for the shop. Cutting takes a host's plug out of the switch: what is sent into it is gone,
//! no address is unreachable, no connection is closed.
//!
//! `scripts/partition` plays these; it makes a network namespace for the test itself, so nothing on the machine changes.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

use super::cut::{Cut, Network, one_of_two_is_cut_off};
use super::fleet::{Fleet, Site};
use crate::support::cable::Cable;

/// The networks.
const POSTGRES: u8 = 1;
const INTACCT: u8 = 2;
const SHOP: u8 = 3;
const NETWORKS: [u8; 3] = [POSTGRES, INTACCT, SHOP];

/// The first host of workers.
const FIRST: u8 = 11;

fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split(' ')).output().expect("ip is Debian's package iproute2");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "ip {arguments}: {said} (scripts/partition has the right to do this)");
}

/// The address of a host in a network; that of whatever is reached there has 1 in place of the host.
fn address(network: u8, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 213, network, host)
}

fn hardware_address(network: u8, host: u8) -> String {
    format!("02:00:00:00:{network:02x}:{host:02x}")
}

/// Switches, hosts, and what leads on from the switches.
struct Hosts {
    hosts: u8,
    company: Option<Cable>,
    shop: Option<Cable>,
}

impl Hosts {
    fn new() -> Self {
        for network in NETWORKS {
            let (at, lladdr) = (address(network, 1), hardware_address(network, 1));
            ip(&format!("link add switch{network} type bridge"));
            ip(&format!("link set switch{network} address {lladdr} up"));
            ip(&format!("addr add {at}/24 dev switch{network}"));
        }
        Self { hosts: 0, company: None, shop: None }
    }

    /// Sets up a host. Who is who is told beforehand, or a cut would be noticed by nobody answering for an address.
    fn set_up(host: u8) {
        ip(&format!("netns add host{host}"));
        ip(&format!("-n host{host} link set lo up"));
        for network in NETWORKS {
            let (plug, card) = (format!("host{host}n{network}"), format!("card{network}"));
            let (own, theirs) = (hardware_address(network, host), hardware_address(network, 1));
            ip(&format!("link add {plug} type veth peer name {card} netns host{host}"));
            ip(&format!("link set {plug} master switch{network} up"));
            ip(&format!("-n host{host} link set {card} address {own} up"));
            ip(&format!("-n host{host} addr add {}/24 dev {card}", address(network, host)));
            let neighbour =
                |at: Ipv4Addr, of: &str, on: &str| format!("neigh replace {at} lladdr {of} dev {on} nud permanent");
            ip(&format!("-n host{host} {}", neighbour(address(network, 1), &theirs, &card)));
            ip(&neighbour(address(network, host), &own, &format!("switch{network}")));
        }
    }
}

impl Network for Hosts {
    async fn site(&mut self, fleet: &Fleet) -> Site {
        let host = FIRST + self.hosts;
        self.hosts += 1;
        Self::set_up(host);
        if self.company.is_none() {
            self.company = Some(Cable::lay(IpAddr::V4(address(INTACCT, 1)), fleet.world.company_end()).await);
            self.shop = Some(Cable::lay(IpAddr::V4(address(SHOP, 1)), fleet.world.shop_end()).await);
        }
        let reached = |cable: &Option<Cable>| cable.as_ref().map(|cable| cable.address().to_string());
        Site {
            // Postgres listens there itself.
            database: Some(fleet.world.database_url_at(IpAddr::V4(address(POSTGRES, 1)), 5432)),
            company: reached(&self.company),
            shop: reached(&self.shop).map(|at| format!("http://{at}")),
            listen: Some(format!("{}:8080", address(SHOP, host))),
            through: ["ip", "netns", "exec", &format!("host{host}")].map(str::to_owned).into(),
        }
    }

    fn cut(&self, what: Cut) {
        let cut = |network: &u8| match *network {
            POSTGRES => what.of_postgres(),
            INTACCT => what.of_intacct(),
            _ => what == Cut::Everything,
        };
        NETWORKS.iter().filter(|network| cut(network)).for_each(|network| {
            ip(&format!("link set host{FIRST}n{network} nomaster"));
        });
    }

    fn mend(&self) {
        NETWORKS.iter().for_each(|network| ip(&format!("link set host{FIRST}n{network} master switch{network}")));
    }

    fn keeps_what_was_sent(&self) -> bool {
        false
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        // The next test makes them anew. The plugs first, because those of a namespace go some time after it.
        let undo = |arguments: String| {
            let _ = Command::new("ip").args(arguments.split(' ')).status();
        };
        for host in FIRST..FIRST + self.hosts {
            NETWORKS.iter().for_each(|network| undo(format!("link delete host{host}n{network}")));
            undo(format!("netns delete host{host}"));
        }
        NETWORKS.iter().for_each(|network| undo(format!("link delete switch{network}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs hosts of their own: make partition"]
async fn a_host_cut_off_from_postgres() {
    one_of_two_is_cut_off(&mut Hosts::new(), Cut::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs hosts of their own: make partition"]
async fn a_host_cut_off_from_intacct() {
    one_of_two_is_cut_off(&mut Hosts::new(), Cut::Intacct).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs hosts of their own: make partition"]
async fn a_host_cut_off_from_everything() {
    one_of_two_is_cut_off(&mut Hosts::new(), Cut::Everything).await;
}
