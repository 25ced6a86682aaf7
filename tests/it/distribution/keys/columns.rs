//! Where the values of columns come from: what relations, projections and conditions say of them.

use std::rc::Rc;

use sqlparser::ast::{BinaryOperator, Expr, Ident, ObjectName, SelectItem, TableAlias, Value};

/// Where the value of a column comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// One parameter or constant.
    One(String),
    /// A list of values.
    Several,
}

/// A column of what a query gives.
pub(super) enum Column {
    Named(String, Option<Key>),
    /// `*`, of which only some names are known.
    Star(Vec<(String, Option<Key>)>),
}

/// Something in a `from`.
pub(super) struct Relation {
    pub(super) alias: String,
    pub(super) table: Option<Spread>,
    /// Columns that are known of something that is no table.
    pub(super) columns: Vec<(String, Option<Key>)>,
}

/// A table that is spread.
pub(super) struct Spread {
    pub(super) name: String,
    pub(super) column: &'static str,
    pub(super) key: Option<Key>,
}

/// Two expressions that are equal; those of an outer join say something of the relations from `since` on only.
pub(super) struct Equation {
    pub(super) left: Expr,
    pub(super) right: Expr,
    pub(super) since: usize,
}

/// What a part of a statement sees: common table expressions, and relations of the parts around it.
#[derive(Clone, Default)]
pub(super) struct Around<'a> {
    pub(super) made: Vec<(String, Rc<Vec<Column>>)>,
    pub(super) scopes: Vec<&'a [Relation]>,
}

impl<'a> Around<'a> {
    pub(super) fn within<'b>(&self, scope: &'b [Relation]) -> Around<'b>
    where
        'a: 'b,
    {
        let mut scopes: Vec<&'b [Relation]> = self.scopes.clone();
        scopes.push(scope);
        Around { made: self.made.clone(), scopes }
    }
}

/// Takes in what a condition says to be equal.
pub(super) fn equate(condition: &Expr, since: usize, equations: &mut Vec<Equation>) {
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
pub(super) fn bind(scope: &mut [Relation], equations: &[Equation], around: &Around<'_>) {
    loop {
        let mut news = None;
        for equation in equations {
            for (target, source) in [(&equation.left, &equation.right), (&equation.right, &equation.left)] {
                let Some(index) = target_of(target, scope).filter(|index| *index >= equation.since) else { continue };
                let key = beside(source, scope, around);
                let there = scope[index].table.as_ref().and_then(|table| table.key.as_ref());
                let better = matches!((there, &key), (None, Some(_)) | (Some(Key::Several), Some(Key::One(_))));
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

/// Where the value of an expression comes from, as far as it says to which shards a table beside it is asked.
pub(super) fn beside(source: &Expr, scope: &[Relation], around: &Around<'_>) -> Option<Key> {
    let Some((alias, column)) = named(source) else { return value(source, &[]) };
    let near = scope.iter().filter(|relation| relation.table.is_some());
    let table = near.filter(|relation| alias.is_none_or(|alias| relation.alias == alias));
    if let Some(key) = table.filter_map(|relation| relation.table.as_ref()).find(|table| table.column == column) {
        return key.key.clone();
    }
    // A list that was given, spread out by a function: it is known before, wherever it is.
    let made = around.within(scope).scopes;
    made.iter().rev().find_map(|scope| seen(scope, alias, column)).flatten().filter(|key| *key == Key::Several)
}

/// The table of this scope whose column an expression is.
pub(super) fn target_of(expr: &Expr, scope: &[Relation]) -> Option<usize> {
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
pub(super) fn named(expr: &Expr) -> Option<(Option<&str>, &str)> {
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
pub(super) fn value(expr: &Expr, scopes: &[&[Relation]]) -> Option<Key> {
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
pub(super) fn seen(scope: &[Relation], alias: Option<&str>, column: &str) -> Option<Option<Key>> {
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
pub(super) fn given(projection: &[SelectItem], around: &Around<'_>) -> Vec<Column> {
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
pub(super) fn name_of(expr: &Expr) -> String {
    named(expr).map_or_else(String::new, |(_, column)| column.to_owned())
}

/// The key of the column at a place, unless a `*` before it hides which that is.
pub(super) fn at(columns: &[Column], place: usize) -> Option<Key> {
    match columns.get(..=place)?.iter().try_fold(None, |_, column| match column {
        Column::Named(_, key) => Some(Some(key)),
        Column::Star(_) => None,
    }) {
        Some(Some(key)) => key.clone(),
        _ => None,
    }
}

/// The columns by name, as far as they are known.
pub(super) fn known(columns: &[Column]) -> Vec<(String, Option<Key>)> {
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
pub(super) fn renamed(columns: Vec<Column>, alias: &TableAlias) -> Vec<Column> {
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
pub(super) fn either(left: Column, right: Column) -> Column {
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
pub(super) fn function(alias: Option<&TableAlias>, key: Option<Key>) -> Relation {
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

pub(super) fn alias_of(alias: Option<&TableAlias>) -> String {
    alias.map_or_else(String::new, |alias| alias.name.value.clone())
}

pub(super) fn column_of(alias: &str, column: &str) -> Expr {
    Expr::CompoundIdentifier(vec![Ident::new(alias), Ident::new(column)])
}

pub(super) fn last_part(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map_or_else(String::new, |ident| ident.value.clone())
}
