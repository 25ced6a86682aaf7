//! Reads a statement and tells how many shards it concerns: by what the rows of each table that is spread are chosen.
//!
//! A condition counts when everything depends on it: at the top of a `where` or an `on`, joined with `and`. Keys pass along
//! equalities with tables beside it (`l.store = d.store`). They do not pass out of a common table expression or sub-select, nor
//! into a correlated one: Citus 13.2 asks all shards then. What is inserted goes to the shards of its values wherever they
//! come from.

mod columns;

use std::ops::ControlFlow;
use std::rc::Rc;

use cartledger::store::distribution::{Placement, placement_of};
use sqlparser::ast::{
    AssignmentTarget, BinaryOperator, Delete, Expr, FromTable, Insert, JoinConstraint, JoinOperator, ObjectName,
    OnConflictAction, OnInsert, Query, Select, SelectItem, SetExpr, Statement, TableAlias, TableFactor, TableObject,
    TableWithJoins, Update, UpdateTableFromKind, Value, Visit, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use columns::{
    Around, Column, Equation, Key, Relation, Spread, alias_of, at, bind, column_of, either, equate, function, given,
    known, last_part, name_of, renamed, value,
};

/// Views, each with the column that its tables are spread by. Whoever asks one asks every shard, because its sub-selects
/// depend on the row beside them.
pub const VIEWS: &[(&str, &str)] = &[("open_hold", "store")];

/// How many shards a statement concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It touches no table that is spread.
    Nothing,
    /// One: every such table is asked for the same value of its column.
    OneShard,
    /// Those of a list of values.
    SeveralShards,
    /// All: some table is asked for no value.
    EveryShard,
}

#[derive(Default)]
struct Reader {
    touched: Vec<(String, &'static str, Option<Key>)>,
    /// Tables that lie on the coordinator alone.
    fixed: Vec<String>,
    wrong: Vec<String>,
}

/// How many shards a statement concerns.
///
/// # Errors
/// Why it cannot run on a sharded database, or cannot be read.
pub fn reach(sql: &str) -> Result<Reach, String> {
    let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).map_err(|error| error.to_string())?;
    let (Some(statement), true) = (statements.pop(), statements.is_empty()) else {
        return Err("it is not one statement".to_owned());
    };
    let mut reader = Reader::default();
    reader.statement(&statement, &Around::default());
    reader.verdict()
}

/// How many shards a view concerns when it is asked for one value of `column`.
///
/// # Errors
/// As [`reach`].
pub fn reach_of_view(definition: &str, column: &str) -> Result<Reach, String> {
    let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, definition).map_err(|error| error.to_string())?;
    let Some(Statement::Query(query)) = statements.pop() else { return Err("it is no query".to_owned()) };
    let mut query = *query;
    let SetExpr::Select(select) = query.body.as_mut() else { return Err("it is no select".to_owned()) };
    let asked = select.projection.iter().find_map(|item| match item {
        SelectItem::UnnamedExpr(expr) if name_of(expr) == column => Some(expr.clone()),
        SelectItem::ExprWithAlias { expr, alias } if alias.value == column => Some(expr.clone()),
        _ => None,
    });
    let asked = asked.ok_or_else(|| format!("it gives no {column}"))?;
    let value = Expr::Value(Value::Placeholder("$1".to_owned()).into());
    let condition = Expr::BinaryOp { left: Box::new(asked), op: BinaryOperator::Eq, right: Box::new(value) };
    select.selection = Some(match select.selection.take() {
        Some(there) => Expr::BinaryOp {
            left: Box::new(Expr::Nested(Box::new(there))),
            op: BinaryOperator::And,
            right: Box::new(condition),
        },
        None => condition,
    });
    let mut reader = Reader::default();
    reader.query(&query, &Around::default());
    reader.verdict()
}

impl Reader {
    fn verdict(mut self) -> Result<Reach, String> {
        let mut columns: Vec<&str> = self.touched.iter().map(|(_, column, _)| *column).collect();
        columns.dedup();
        if columns.len() > 1 {
            self.wrong.push("it touches tables that are spread by different columns".to_owned());
        }
        if !self.fixed.is_empty() && !columns.is_empty() {
            self.wrong.push(format!("it touches {} beside tables that are spread", self.fixed.join(", ")));
        }
        if !self.wrong.is_empty() {
            return Err(self.wrong.join("; "));
        }
        let keys: Vec<&Option<Key>> = self.touched.iter().map(|(_, _, key)| key).collect();
        if keys.is_empty() {
            return Ok(Reach::Nothing);
        }
        if keys.iter().any(|key| key.is_none()) {
            return Ok(Reach::EveryShard);
        }
        if keys.iter().any(|key| matches!(key, Some(Key::Several))) {
            return Ok(Reach::SeveralShards);
        }
        if keys.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(format!("it asks for different values: {:?}", self.touched));
        }
        Ok(Reach::OneShard)
    }

    fn statement(&mut self, statement: &Statement, around: &Around<'_>) -> Vec<Column> {
        match statement {
            Statement::Query(query) => self.query(query, around),
            Statement::Insert(insert) => self.insert(insert, around),
            Statement::Update(update) => self.update(update, around),
            Statement::Delete(delete) => self.delete(delete, around),
            other => self.unread(other),
        }
    }

    fn unread(&mut self, what: &impl std::fmt::Display) -> Vec<Column> {
        self.wrong.push(format!("this test does not know how to read: {what}"));
        Vec::new()
    }

    fn query(&mut self, query: &Query, around: &Around<'_>) -> Vec<Column> {
        let mut around = around.clone();
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            let columns = self.query(&table.query, &around);
            let columns = renamed(columns, &table.alias);
            around.made.push((table.alias.name.value.clone(), Rc::new(columns)));
        }
        let columns = self.body(&query.body, &around);
        self.nested(&query.order_by, &around);
        self.nested(&query.limit_clause, &around);
        columns
    }

    fn body(&mut self, body: &SetExpr, around: &Around<'_>) -> Vec<Column> {
        match body {
            SetExpr::Select(select) => self.select(select, around),
            SetExpr::Query(query) => self.query(query, around),
            SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement) => {
                self.statement(statement, around)
            }
            SetExpr::SetOperation { left, right, .. } => {
                let (left, right) = (self.body(left, around), self.body(right, around));
                left.into_iter().zip(right).map(|(left, right)| either(left, right)).collect()
            }
            SetExpr::Values(values) => {
                self.nested(values, around);
                let [row] = values.rows.as_slice() else { return self.unread(values) };
                let column = |expr| Column::Named(String::new(), value(expr, &around.scopes));
                row.content.iter().map(column).collect()
            }
            other => self.unread(other),
        }
    }

    fn select(&mut self, select: &Select, around: &Around<'_>) -> Vec<Column> {
        let (mut scope, mut equations, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
        for joined in &select.from {
            self.from(joined, around, &mut scope, &mut equations, &mut conditions);
        }
        if let Some(condition) = &select.selection {
            equate(condition, 0, &mut equations);
        }
        bind(&mut scope, &equations, around);
        self.touch(&scope);
        let inside = around.within(&scope);
        self.nested(&conditions, &inside);
        let rest = Select { from: Vec::new(), ..select.clone() };
        self.nested(&rest, &inside);
        given(&select.projection, &inside)
    }

    /// Takes in a `from` with its joins. Conditions of joins go to `conditions`, for what is nested in them.
    fn from(
        &mut self,
        joined: &TableWithJoins,
        around: &Around<'_>,
        scope: &mut Vec<Relation>,
        equations: &mut Vec<Equation>,
        conditions: &mut Vec<Expr>,
    ) {
        match &joined.relation {
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.from(table_with_joins, around, scope, equations, conditions);
            }
            relation => self.factor(relation, around, scope, equations),
        }
        for join in &joined.joins {
            let since = scope.len();
            self.factor(&join.relation, around, scope, equations);
            let (constraint, since) = match &join.join_operator {
                JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => (on, 0),
                JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (on, since),
                _ => {
                    self.unread(join);
                    return;
                }
            };
            match constraint {
                JoinConstraint::On(condition) => {
                    equate(condition, since, equations);
                    conditions.push(condition.clone());
                }
                JoinConstraint::Using(columns) => {
                    let Some((last, before)) = scope.split_last() else { return };
                    for column in columns.iter().map(last_part) {
                        equations.extend(before.iter().map(|relation| Equation {
                            left: column_of(&relation.alias, &column),
                            right: column_of(&last.alias, &column),
                            since,
                        }));
                    }
                }
                JoinConstraint::None => {}
                _ => {
                    self.unread(join);
                }
            }
        }
    }

    fn factor(&mut self, factor: &TableFactor, around: &Around<'_>, scope: &mut Vec<Relation>, equations: &[Equation]) {
        let relation = match factor {
            TableFactor::Table { name, alias, args: None, .. } => self.table(name, alias.as_ref(), around),
            TableFactor::Derived { lateral, subquery, alias, .. } => {
                let columns = if *lateral {
                    bind(scope, equations, around);
                    self.query(subquery, &around.within(scope))
                } else {
                    self.query(subquery, around)
                };
                let columns = alias.as_ref().map_or_else(Vec::new, |alias| known(&renamed(columns, alias)));
                Relation { alias: alias_of(alias.as_ref()), table: None, columns }
            }
            TableFactor::UNNEST { alias, array_exprs, .. } => {
                self.nested(array_exprs, around);
                function(alias.as_ref(), Some(Key::Several))
            }
            TableFactor::Table { alias, args: Some(args), .. } => {
                self.nested(args, around);
                function(alias.as_ref(), None)
            }
            TableFactor::Function { alias, args, .. } => {
                self.nested(args, around);
                function(alias.as_ref(), None)
            }
            other => {
                self.unread(other);
                return;
            }
        };
        scope.push(relation);
    }

    fn table(&mut self, name: &ObjectName, alias: Option<&TableAlias>, around: &Around<'_>) -> Relation {
        let name = last_part(name);
        let alias = alias.map_or_else(|| name.clone(), |alias| alias.name.value.clone());
        if let Some((_, made)) = around.made.iter().rev().find(|(known, _)| *known == name) {
            return Relation { alias, table: None, columns: known(made) };
        }
        let column = self.column_of_table(&name);
        Relation { alias, table: column.map(|column| Spread { name, column, key: None }), columns: Vec::new() }
    }

    /// The column that a table is spread by.
    fn column_of_table(&mut self, name: &str) -> Option<&'static str> {
        if let Some((_, column)) = VIEWS.iter().find(|(view, _)| *view == name) {
            self.touched.push((name.to_owned(), column, None));
            return None;
        }
        match placement_of(name) {
            Some(Placement::Coordinator) => self.fixed.push(name.to_owned()),
            Some(placement) => return placement.column(),
            None => self.wrong.push(format!("the table {name} is in no list")),
        }
        None
    }

    fn insert(&mut self, insert: &Insert, around: &Around<'_>) -> Vec<Column> {
        let TableObject::TableName(name) = &insert.table else { return self.unread(insert) };
        let Some(source) = &insert.source else { return self.unread(insert) };
        let name = last_part(name);
        let alias = insert.table_alias.as_ref().map_or_else(|| name.clone(), |alias| alias.alias.value.clone());
        let values = self.query(source, around);
        let table = self.column_of_table(&name).map(|column| {
            let place = insert.columns.iter().position(|given| last_part(given) == column);
            let key = place.and_then(|place| at(&values, place));
            Spread { name, column, key }
        });
        let new = table.as_ref().map(|table| (table.column.to_owned(), table.key.clone()));
        let excluded = Relation { alias: "excluded".to_owned(), table: None, columns: new.into_iter().collect() };
        let scope = [Relation { alias, table, columns: Vec::new() }, excluded];
        self.touch(&scope);
        // A bare column of the conflict is the table's, not that of the row that was not inserted.
        let inside = around.within(&scope[..1]);
        if let Some(OnInsert::OnConflict(conflict)) = &insert.on
            && let OnConflictAction::DoUpdate(change) = &conflict.action
        {
            self.keeps_its_place(&scope[0], change.assignments.iter().map(|assignment| &assignment.target));
            self.nested(change, &around.within(&scope));
        }
        self.nested(&insert.returning, &inside);
        given(insert.returning.as_deref().unwrap_or_default(), &inside)
    }

    fn update(&mut self, update: &Update, around: &Around<'_>) -> Vec<Column> {
        let (mut scope, mut equations, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
        self.from(&update.table, around, &mut scope, &mut equations, &mut conditions);
        let more = match &update.from {
            Some(UpdateTableFromKind::AfterSet(more) | UpdateTableFromKind::BeforeSet(more)) => more.as_slice(),
            None => &[],
        };
        for joined in more {
            self.from(joined, around, &mut scope, &mut equations, &mut conditions);
        }
        if let Some(condition) = &update.selection {
            equate(condition, 0, &mut equations);
        }
        bind(&mut scope, &equations, around);
        self.touch(&scope);
        if let Some(target) = scope.first() {
            self.keeps_its_place(target, update.assignments.iter().map(|assignment| &assignment.target));
        }
        let inside = around.within(&scope);
        self.nested(&conditions, &inside);
        self.nested(&update.assignments, &inside);
        self.nested(&update.selection, &inside);
        self.nested(&update.returning, &inside);
        given(update.returning.as_deref().unwrap_or_default(), &inside)
    }

    fn delete(&mut self, delete: &Delete, around: &Around<'_>) -> Vec<Column> {
        let (mut scope, mut equations, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        for joined in from.iter().chain(delete.using.iter().flatten()) {
            self.from(joined, around, &mut scope, &mut equations, &mut conditions);
        }
        if let Some(condition) = &delete.selection {
            equate(condition, 0, &mut equations);
        }
        bind(&mut scope, &equations, around);
        self.touch(&scope);
        let inside = around.within(&scope);
        self.nested(&conditions, &inside);
        self.nested(&delete.selection, &inside);
        self.nested(&delete.returning, &inside);
        given(delete.returning.as_deref().unwrap_or_default(), &inside)
    }

    /// No row moves to another shard.
    fn keeps_its_place<'t>(&mut self, target: &Relation, assigned: impl Iterator<Item = &'t AssignmentTarget>) {
        let Some(table) = &target.table else { return };
        for assigned in assigned {
            let names = match assigned {
                AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
                AssignmentTarget::Tuple(names) => names.as_slice(),
            };
            if names.iter().any(|name| last_part(name) == table.column) {
                self.wrong.push(format!("it changes the {} of {}", table.column, table.name));
            }
        }
    }

    fn touch(&mut self, scope: &[Relation]) {
        let tables = scope.iter().filter_map(|relation| relation.table.as_ref());
        self.touched.extend(tables.map(|table| (table.name.clone(), table.column, table.key.clone())));
    }

    /// Reads the queries within expressions.
    fn nested(&mut self, part: &impl Visit, around: &Around<'_>) {
        let mut found = Nested::default();
        let _: ControlFlow<()> = part.visit(&mut found);
        for query in found.queries {
            self.query(&query, around);
        }
    }
}

/// Finds the outermost queries of an expression.
#[derive(Default)]
struct Nested {
    queries: Vec<Query>,
    depth: u32,
}

impl Visitor for Nested {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if self.depth == 0 {
            self.queries.push(query.clone());
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}
