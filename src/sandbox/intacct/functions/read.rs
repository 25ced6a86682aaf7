//! `read` and `readByName`: whole records by key (Intacct docs, queries). The answer has an element per record found.

use super::super::books::Books;
use super::super::objects::{self, Schema};
use super::super::refusal::Refusal;
use super::super::xml_tree::Element;
use super::Context;

/// At most so many keys in one call.
const MOST_KEYS: usize = 100;

/// Records by RECORDNO.
pub(super) fn by_key(body: &Element, books: &Books, context: &Context<'_>) -> Result<Element, Refusal> {
    records(body, "RECORDNO", books, context)
}

/// Records by the id that people use.
pub(super) fn by_name(body: &Element, books: &Books, context: &Context<'_>) -> Result<Element, Refusal> {
    records(body, objects::id_field(body.text_of("object").unwrap_or_default()), books, context)
}

/// The fields that were asked for; the object must have them.
pub(super) fn field_names(body: &Element, schema: &Schema<'_>) -> Result<Vec<String>, Refusal> {
    let names = match body.text_of("fields").filter(|fields| *fields != "*") {
        Some(fields) => fields.split(',').map(|field| field.trim().to_owned()).collect(),
        None => schema.all(),
    };
    names.iter().try_for_each(|name| schema.kind(name).map(|_| ()))?;
    Ok(names)
}

fn records(body: &Element, id_field: &str, books: &Books, context: &Context<'_>) -> Result<Element, Refusal> {
    let object = body.text_of("object").unwrap_or_default();
    let schema = objects::schema(object, context.settings)?;
    let keys: Vec<_> = body.text_of("keys").unwrap_or_default().split(',').map(str::trim).collect();
    if keys.len() > MOST_KEYS {
        return Err(Refusal::query_invalid(format!("At most {MOST_KEYS} keys can be read at once")));
    }
    let names = field_names(body, &schema)?;
    let entity = context.signed_in.location.as_deref();
    let found: Vec<_> = objects::rows(object, books, context.settings)
        .into_iter()
        .filter(|row| row.is_visible(entity, true) && keys.contains(&row.get(id_field).as_str()))
        .map(|row| row.element(object, &names))
        .collect();
    Ok(Element::new("data").attribute("listtype", object).attribute("count", found.len().to_string()).with(found))
}
