//! The fields of a rule, by the names their columns have in a table.

use std::fmt;

use super::vocabulary::STANDARD_DIMENSIONS;
use super::{Condition, Give, Rule};

/// What a column of a condition starts with: some conditions are called like something a rule gives.
const WHEN: &str = "when:";

/// One field of a rule. Shown as the name of its column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `id`.
    Id,
    /// `kind`.
    Kind,
    /// A condition, for example `when:sku`.
    When(Condition),
    /// `valid_from`.
    ValidFrom,
    /// `valid_to`.
    ValidTo,
    /// What it gives, for example `account`, `location` or `dimension:REGION`.
    Give(Give),
    /// `note`.
    Note,
}

impl Field {
    /// The fields every table has, in the order of its columns; the note comes last, after user-defined dimensions.
    pub fn standard() -> Vec<Field> {
        let mut fields = vec![Field::Id, Field::Kind];
        fields.extend(Condition::ALL.map(Field::When));
        fields.extend([Field::ValidFrom, Field::ValidTo]);
        fields.extend(Give::PLAIN.map(Field::Give));
        fields.extend(STANDARD_DIMENSIONS.map(|name| Field::Give(Give::Dimension(name.to_owned()))));
        fields
    }

    /// What a rule has in the field, as a table shows it; `None` when nothing.
    pub fn value(&self, rule: &Rule) -> Option<String> {
        let value = match self {
            Self::Id => rule.id.clone(),
            Self::Kind => rule.kind.to_string(),
            Self::When(condition) => rule.conditions.get(condition)?.to_string(),
            Self::ValidFrom => rule.valid_from?.to_string(),
            Self::ValidTo => rule.valid_to?.to_string(),
            Self::Give(give) => rule.given(give)?.to_owned(),
            Self::Note => rule.note.clone(),
        };
        Some(value).filter(|value| !value.is_empty())
    }

    /// The field of a column with this name. Upper and lower case are the same, except in the name of a dimension. A
    /// condition may be written without its `when:` where a rule gives nothing of that name: `sku`, but not `class`.
    pub fn named(column: &str) -> Option<Field> {
        let column = column.trim();
        let lower = column.to_ascii_lowercase();
        if lower.starts_with("dimension:") {
            let (_, name) = column.split_once(':')?;
            return Give::try_from(format!("dimension:{}", name.trim())).ok().map(Field::Give);
        }
        if let Some(condition) = lower.strip_prefix(WHEN) {
            return Condition::ALL.into_iter().find(|known| known.as_str() == condition.trim()).map(Field::When);
        }
        match lower.as_str() {
            "id" => Some(Field::Id),
            "kind" => Some(Field::Kind),
            "valid_from" => Some(Field::ValidFrom),
            "valid_to" => Some(Field::ValidTo),
            "note" => Some(Field::Note),
            _ => {
                let condition = Condition::ALL.into_iter().find(|known| known.as_str() == lower);
                Give::try_from(lower).ok().map(Field::Give).or(condition.map(Field::When))
            }
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id => f.write_str("id"),
            Self::Kind => f.write_str("kind"),
            Self::When(condition) => write!(f, "{WHEN}{condition}"),
            Self::ValidFrom => f.write_str("valid_from"),
            Self::ValidTo => f.write_str("valid_to"),
            Self::Give(give) => write!(f, "{give}"),
            Self::Note => f.write_str("note"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::accounting::rulebook::RuleKind;

    #[test]
    fn every_field_is_found_by_the_name_of_its_column() {
        let mut fields = Field::standard();
        fields.extend([Field::Note, Field::Give(Give::Dimension("REGION".into()))]);
        for field in &fields {
            assert_eq!(Field::named(&field.to_string()).as_ref(), Some(field));
        }
        let names: BTreeSet<String> = fields.iter().map(Field::to_string).collect();
        assert_eq!(names.len(), fields.len(), "two columns have one name");
        assert_eq!(Field::named(" Account "), Some(Field::Give(Give::Account)));
        assert_eq!(Field::named("Dimension:Region"), Some(Field::Give(Give::Dimension("Region".into()))));
        assert_eq!(Field::named("SKU"), Some(Field::When(Condition::Sku)));
        assert_eq!(Field::named("class"), Some(Field::Give(Give::Dimension("class".into()))), "what a rule gives");
        for unknown in ["dimension:", "when:", "when:account", "", "acount"] {
            assert_eq!(Field::named(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn there_is_a_column_for_whatever_a_rule_asks_for_or_gives() {
        let fields = Field::standard();
        for kind in RuleKind::ALL {
            assert!(kind.conditions().iter().all(|condition| fields.contains(&Field::When(*condition))));
            assert!(kind.gives().iter().all(|give| fields.contains(&Field::Give(give.clone()))));
        }
    }
}
