//! docs/scale.md shows where the tables lie and the statements that spread them, as `store::distribution` has them.

#[path = "../../../src/documentation/blocks.rs"]
mod blocks;

use std::fmt::Write;

use cartledger::store::distribution::{Placement, TABLES, statements};

/// The tables of each placement with the reason.
fn listed() -> String {
    let headings = [
        (Placement::ByStore, "spread by store"),
        (Placement::ByCompany, "spread by company"),
        (Placement::Reference, "reference: the same on every node"),
        (Placement::Coordinator, "on the coordinator alone"),
    ];
    let mut text = String::new();
    for (placement, heading) in headings {
        let _ = writeln!(text, "{heading}");
        for table in TABLES.iter().filter(|table| table.placement == placement) {
            let _ = writeln!(text, "  {:<20} {}", table.name, table.why);
        }
    }
    text
}

#[test]
fn the_page_shows_where_the_tables_lie() {
    let listed = listed();
    assert_eq!(listed.lines().count(), TABLES.len() + 4, "every table is under one heading");
    blocks::check("docs/scale.md", &[("where tables lie", listed), ("spread the tables", statements())]);
}
