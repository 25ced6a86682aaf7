//! Reads a statement and tells how many shards it concerns: by what the rows of each table that is spread are chosen.
//!
//! A condition counts when everything depends on it: at the top of a `where` or an `on`, joined with `and`. Keys pass along
//! equalities (`l.store = d.store`), out of common table expressions and sub-selects, and into correlated ones.

use std::ops::ControlFlow;

use cartledger::store::distribution::{Placement, placement_of};
use sqlparser::ast::{
    AssignmentTarget, BinaryOperator, Delete, Expr, FromTable, Ident, Insert, JoinConstraint, JoinOperator, ObjectName,
    OnConflictAction, OnInsert, Query, Select, SelectItem, SetExpr, Statement, TableAlias, TableFactor, TableObject,
    TableWithJoins, Update, UpdateTableFromKind, Value, Visit, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

/// Relations of the schema that are no tables, each with the column that its tables are spread by.
const VIEWS: &[(&str, &str)] = &[("open_hold", "store")];

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

/// Where the value of a column comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    /// One parameter or constant.
    One(String),
    /// A list of values.
    Several,
}

/// A column of what a query gives.
enum Column {
    Named(String, Option<Key>),
    /// `*`, of which only some names are known.
    Star(Vec<(String, Option<Key>)>),
}

/// Something in a `from`.
struct Relation {
    alias: String,
    table: Option<Spread>,
    /// Columns that are known of something that is no table.
    columns: Vec<(String, Option<Key>)>,
}

/// A table that is spread.
struct Spread {
    name: String,
    column: &'static str,
    key: Option<Key>,
}

/// Two expressions that are equal; those of an outer join say something of the relations from `since` on only.
struct Equation {
    left: Expr,
    right: Expr,
    since: usize,
}

/// What a part of a statement sees: common table expressions, and relations of the parts around it.
#[derive(Clone, Default)]
struct Around<'a> {
    made: Vec<(String, std::rc::Rc<Vec<Column>>)>,
    scopes: Vec<&'a [Relation]>,
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

impl<'a> Around<'a> {
    fn within<'b>(&self, scope: &'b [Relation]) -> Around<'b>
    where
        'a: 'b,
    {
        let mut scopes: Vec<&'b [Relation]> = self.scopes.clone();
        scopes.push(scope);
        Around { made: self.made.clone(), scopes }
    }
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
            around.made.push((table.alias.name.value.clone(), std::rc::Rc::new(columns)));
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
            return Some(column);
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

/// Takes in what a condition says to be equal.
fn equate(condition: &Expr, since: usize, equations: &mut Vec<Equation>) {
    match condition {
        Expr::Nested(inner) => equate(inner, since, equations),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            equate(left, since, equations);
            equate(right, since, equations);
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => match (left.as_ref(), right.as_ref()) {
            (Expr::Tuple(left), Expr::Tuple(right)) => {
                equations.extend(left.iter().zip(right).map(|(left, right)| Equation {
                    left: left.clone(),
                    right: right.clone(),
                    since,
                }))
            }
            (left, right) => equations.push(Equation { left: left.clone(), right: right.clone(), since }),
        },
        // A list of values is what a function makes of it: the value of its column is one of several.
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, .. } => {
            equations.push(Equation { left: left.as_ref().clone(), right: condition.clone(), since });
        }
        _ => {}
    }
}

/// Gives every table the key that the equations say, and with it those that are equal to it.
fn bind(scope: &mut [Relation], equations: &[Equation], around: &Around<'_>) {
    loop {
        let mut news = None;
        for equation in equations {
            for (target, source) in [(&equation.left, &equation.right), (&equation.right, &equation.left)] {
                let Some(index) = target_of(target, scope).filter(|index| *index >= equation.since) else { continue };
                let key = value(source, &around.within(scope).scopes);
                let there = scope[index].table.as_ref().and_then(|table| table.key.as_ref());
                let better = match (there, &key) {
                    (None, Some(_)) => true,
                    (Some(Key::Several), Some(Key::One(_))) => true,
                    _ => false,
                };
                if better {
                    news = Some((index, key));
                }
            }
        }
        let Some((index, key)) = news else { return };
        if let Some(table) = &mut scope[index].table {
            table.key = key;
        }
    }
}

/// The table of this scope whose column an expression is.
fn target_of(expr: &Expr, scope: &[Relation]) -> Option<usize> {
    let (alias, column) = named(expr)?;
    let fits = |relation: &Relation| {
        relation.table.as_ref().is_some_and(|table| table.column == column)
            && alias.is_none_or(|alias| relation.alias == alias)
    };
    let mut fitting = scope.iter().enumerate().filter(|(_, relation)| fits(relation));
    let (index, _) = fitting.next()?;
    fitting.next().is_none().then_some(index)
}

/// The alias, if any, and the column that an expression names.
fn named(expr: &Expr) -> Option<(Option<&str>, &str)> {
    match expr {
        Expr::Identifier(column) => Some((None, &column.value)),
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [alias, column] => Some((Some(&alias.value), &column.value)),
            _ => None,
        },
        _ => None,
    }
}

/// Where the value of an expression comes from; `None` when that is not known before the statement runs.
fn value(expr: &Expr, scopes: &[&[Relation]]) -> Option<Key> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Placeholder(_) | Value::SingleQuotedString(_) => Some(Key::One(value.to_string())),
            _ => None,
        },
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => value(inner, scopes),
        Expr::AnyOp { right, .. } => matches!(value(right, scopes), Some(Key::One(_))).then_some(Key::Several),
        expr => {
            let (alias, column) = named(expr)?;
            scopes.iter().rev().find_map(|scope| seen(scope, alias, column)).flatten()
        }
    }
}

/// What one scope knows of a column: nothing at all, or its key.
fn seen(scope: &[Relation], alias: Option<&str>, column: &str) -> Option<Option<Key>> {
    let mut found =
        scope.iter().filter(|relation| alias.is_none_or(|alias| relation.alias == alias)).filter_map(|relation| {
            match &relation.table {
                Some(table) => (table.column == column).then(|| table.key.clone()),
                None => relation.columns.iter().find(|(name, _)| name == column).map(|(_, key)| key.clone()),
            }
        });
    let first = found.next()?;
    // A bare name that several have would be refused by Postgres, unless a join is by it: then they are equal.
    Some(if found.all(|other| other == first) { first } else { None })
}

/// The columns of a projection.
fn given(projection: &[SelectItem], around: &Around<'_>) -> Vec<Column> {
    let all = |relations: &mut dyn Iterator<Item = &Relation>| {
        let mut columns = Vec::new();
        for relation in relations {
            columns.extend(relation.table.as_ref().map(|table| (table.column.to_owned(), table.key.clone())));
            columns.extend(relation.columns.iter().cloned());
        }
        Column::Star(columns)
    };
    let scope = around.scopes.last().copied().unwrap_or_default();
    let column = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) => Column::Named(name_of(expr), value(expr, &around.scopes)),
        SelectItem::ExprWithAlias { expr, alias } => Column::Named(alias.value.clone(), value(expr, &around.scopes)),
        SelectItem::Wildcard(_) => all(&mut scope.iter()),
        // Of no other is a key known; `x.*` alone is asked by its text.
        other => {
            let text = other.to_string();
            all(&mut scope.iter().filter(|relation| text == format!("{}.*", relation.alias)))
        }
    };
    projection.iter().map(column).collect()
}

/// The name that a column has when it is given none.
fn name_of(expr: &Expr) -> String {
    named(expr).map_or_else(String::new, |(_, column)| column.to_owned())
}

/// The key of the column at a place, unless a `*` before it hides which that is.
fn at(columns: &[Column], place: usize) -> Option<Key> {
    match columns.get(..=place)?.iter().try_fold(None, |_, column| match column {
        Column::Named(_, key) => Some(Some(key)),
        Column::Star(_) => None,
    }) {
        Some(Some(key)) => key.clone(),
        _ => None,
    }
}

/// The columns by name, as far as they are known.
fn known(columns: &[Column]) -> Vec<(String, Option<Key>)> {
    let mut known = Vec::new();
    for column in columns {
        match column {
            Column::Named(name, key) => known.push((name.clone(), key.clone())),
            Column::Star(columns) => known.extend(columns.iter().cloned()),
        }
    }
    known
}

/// The columns under the names that an alias gives them.
fn renamed(columns: Vec<Column>, alias: &TableAlias) -> Vec<Column> {
    if alias.columns.is_empty() {
        return columns;
    }
    let name = |(place, column): (usize, &_)| {
        let column: &sqlparser::ast::TableAliasColumnDef = column;
        Column::Named(column.name.value.clone(), at(&columns, place))
    };
    alias.columns.iter().enumerate().map(name).collect()
}

/// A column of two queries that are united.
fn either(left: Column, right: Column) -> Column {
    match (left, right) {
        (Column::Named(name, left), Column::Named(_, right)) => Column::Named(
            name,
            match (left, right) {
                (Some(left), Some(right)) if left == right => Some(left),
                (Some(_), Some(_)) => Some(Key::Several),
                _ => None,
            },
        ),
        _ => Column::Star(Vec::new()),
    }
}

/// What a function in a `from` gives: all its columns, named by its alias, have the same key.
fn function(alias: Option<&TableAlias>, key: Option<Key>) -> Relation {
    let names = alias.map_or_else(Vec::new, |alias| match alias.columns.as_slice() {
        [] => vec![alias.name.value.clone()],
        columns => columns.iter().map(|column| column.name.value.clone()).collect(),
    });
    Relation {
        alias: alias_of(alias),
        table: None,
        columns: names.into_iter().map(|name| (name, key.clone())).collect(),
    }
}

fn alias_of(alias: Option<&TableAlias>) -> String {
    alias.map_or_else(String::new, |alias| alias.name.value.clone())
}

fn column_of(alias: &str, column: &str) -> Expr {
    Expr::CompoundIdentifier(vec![Ident::new(alias), Ident::new(column)])
}

fn last_part(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map_or_else(String::new, |ident| ident.value.clone())
}
