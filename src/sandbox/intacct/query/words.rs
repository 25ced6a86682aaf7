//! The condition of a `readByQuery`, in words like SQL's, as a filter (Intacct docs, queries).
//!
//! Known are `< > >= <= =`, `like`, `not like`, `in`, `not in`, `IS NULL`, `AND`, `OR` and brackets; a quote inside a value is
//! escaped with a backslash.

use super::super::objects::Schema;
use super::super::refusal::Refusal;
use super::filter::{Filter, Test};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Value(String),
    Mark(String),
}

/// Reads a condition; none when there are no words.
pub(in super::super) fn read(text: &str, schema: &Schema<'_>) -> Result<Option<Filter>, Refusal> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader { tokens: &tokens, schema };
    let filter = reader.any()?;
    if reader.tokens.is_empty() { Ok(Some(filter)) } else { Err(reader.wrong()) }
}

fn refusal(text: impl AsRef<str>) -> Refusal {
    Refusal::query_invalid(format!("Query Failed: cannot read the condition at '{}'", text.as_ref()))
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut characters = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(first) = characters.next() {
        match first {
            first if first.is_whitespace() => {}
            '\'' => {
                let mut value = String::new();
                loop {
                    match characters.next() {
                        Some('\\') => value.extend(characters.next()),
                        Some('\'') => break,
                        Some(other) => value.push(other),
                        None => return Err(refusal(value)),
                    }
                }
                tokens.push(Token::Value(value));
            }
            '<' | '>' => {
                let equal = characters.next_if_eq(&'=').map_or("", |_| "=");
                tokens.push(Token::Mark(format!("{first}{equal}")));
            }
            '=' | '(' | ')' | ',' => tokens.push(Token::Mark(first.to_string())),
            first if first.is_alphanumeric() || matches!(first, '_' | '-') => {
                let mut word = first.to_string();
                while let Some(next) =
                    characters.next_if(|next| next.is_alphanumeric() || matches!(next, '_' | '.' | '-' | '/'))
                {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            other => return Err(refusal(other.to_string())),
        }
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: &'a [Token],
    schema: &'a Schema<'a>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    /// Takes a mark, or a word whatever its capitals.
    fn takes(&mut self, wanted: &str) -> bool {
        let found = match self.tokens.first() {
            Some(Token::Word(word)) => word.eq_ignore_ascii_case(wanted),
            Some(Token::Mark(mark)) => mark == wanted,
            _ => false,
        };
        if found {
            self.next();
        }
        found
    }

    fn wrong(&self) -> Refusal {
        match self.tokens.first() {
            Some(Token::Word(text) | Token::Value(text) | Token::Mark(text)) => refusal(text),
            None => refusal("its end"),
        }
    }

    fn any(&mut self) -> Result<Filter, Refusal> {
        let mut parts = vec![self.all()?];
        while self.takes("OR") {
            parts.push(self.all()?);
        }
        Ok(Filter::Any(parts))
    }

    fn all(&mut self) -> Result<Filter, Refusal> {
        let mut parts = vec![self.one()?];
        while self.takes("AND") {
            parts.push(self.one()?);
        }
        Ok(Filter::All(parts))
    }

    fn one(&mut self) -> Result<Filter, Refusal> {
        if self.takes("(") {
            let inner = self.any()?;
            return if self.takes(")") { Ok(inner) } else { Err(self.wrong()) };
        }
        let Some(Token::Word(field)) = self.tokens.first() else { return Err(self.wrong()) };
        self.next();
        if self.takes("IS") {
            let not = self.takes("NOT");
            return if self.takes("NULL") {
                self.test(field, if not { "isnotnull" } else { "isnull" }, Vec::new())
            } else {
                Err(self.wrong())
            };
        }
        let not = self.takes("NOT");
        if self.takes("IN") {
            let values = self.list()?;
            return self.test(field, if not { "notin" } else { "in" }, values);
        }
        if self.takes("LIKE") {
            let value = self.value()?;
            return self.test(field, if not { "notlike" } else { "like" }, vec![value]);
        }
        let marks = [
            ("=", "equalto"),
            ("<", "lessthan"),
            (">", "greaterthan"),
            ("<=", "lessthanorequalto"),
            (">=", "greaterthanorequalto"),
        ];
        match marks.into_iter().find(|(mark, _)| !not && self.takes(mark)) {
            Some((_, operator)) => {
                let value = self.value()?;
                self.test(field, operator, vec![value])
            }
            None => Err(self.wrong()),
        }
    }

    fn list(&mut self) -> Result<Vec<String>, Refusal> {
        if !self.takes("(") {
            return Err(self.wrong());
        }
        let mut values = vec![self.value()?];
        while self.takes(",") {
            values.push(self.value()?);
        }
        if self.takes(")") { Ok(values) } else { Err(self.wrong()) }
    }

    /// A value in quotes, or a number.
    fn value(&mut self) -> Result<String, Refusal> {
        match self.tokens.first() {
            Some(Token::Value(value)) => {
                self.next();
                Ok(value.clone())
            }
            Some(Token::Word(number)) if number.parse::<rust_decimal::Decimal>().is_ok() => {
                self.next();
                Ok(number.clone())
            }
            _ => Err(self.wrong()),
        }
    }

    fn test(&self, field: &str, operator: &str, values: Vec<String>) -> Result<Filter, Refusal> {
        Ok(Filter::Test(Test::new(field, operator, values, false, self.schema)?))
    }
}
