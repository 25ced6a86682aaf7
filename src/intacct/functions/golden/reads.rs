//! Reads that are no look-ups.

use super::*;
use crate::intacct::functions::query::{Aggregate, Operator, Order};
use crate::intacct::functions::read::Keys;
use crate::intacct::functions::read_by_query::{Comparison, Condition};

/// Reads that are no look-ups: every operator, sums, pages, whole records, definitions.
pub(super) fn reads() -> Vec<Function> {
    let of = |operator| Filter::compare("TOTALDUE", operator, "10.00");
    let everything = Filter::And(vec![
        Filter::Or(vec![of(Operator::EqualTo), of(Operator::NotEqualTo), of(Operator::LessThan)]),
        of(Operator::LessThanOrEqualTo),
        of(Operator::GreaterThan),
        of(Operator::GreaterThanOrEqualTo),
        of(Operator::Like),
        of(Operator::NotLike),
        Filter::Between { field: "WHENDUE".into(), low: "03/01/2026".into(), high: "03/31/2026".into() },
        Filter::In { field: "STATE".into(), values: vec!["Posted".into(), "Paid".into()] },
        Filter::NotIn { field: "STATE".into(), values: vec!["Draft".into()] },
        Filter::IsNull("DESCRIPTION".into()),
        Filter::IsNotNull("DOCNUMBER".into()),
    ]);
    let order = |field: &str, descending| Order { field: field.into(), descending };
    let aggregates = [Aggregate::Count, Aggregate::Average, Aggregate::Least, Aggregate::Greatest, Aggregate::Sum];
    let ordered = Query {
        order: vec![order("WHENDUE", true), order("RECORDNO", false)],
        case_insensitive: true,
        offset: 100,
        definition: some("Sales Invoice"),
        ..Query::new("ARINVOICE", &["RECORDNO"], Some(everything.clone()))
    };
    let sums = Query {
        aggregates: aggregates.map(|aggregate| (aggregate, "TOTALDUE".to_owned())).into(),
        ..Query::new("ARINVOICE", &["CUSTOMERID"], None)
    };
    let page = Query { after: Some(5001), ..Query::new("ARINVOICE", &["RECORDNO"], Some(everything)) };
    let condition = Condition::compare("NAME", Comparison::Equal, "Jane's Deli")
        .and(Condition::one_of("STATUS", &["active", "inactive"]));
    vec![
        Function::Query(ordered),
        Function::Query(sums),
        Function::Query(page),
        Function::Read(Read::new("ARINVOICE", Keys::Numbers(vec![5001, 5002]))),
        Function::Read(Read {
            fields: vec!["RECORDNO".into(), "NAME".into()],
            ..Read::new("CUSTOMER", Keys::Names(vec!["AC-41".into()]))
        }),
        Function::ReadByQuery(ReadByQuery::new("CUSTOMER", Some(condition))),
        Function::ReadByQuery(ReadByQuery::new("CUSTOMER", None)),
        Function::ReadMore(ReadMore { result_id: "7765623336W".into() }),
        Function::GetDimensions(GetDimensions),
        Function::GetClosedBooksDate(GetClosedBooksDate),
    ]
}
