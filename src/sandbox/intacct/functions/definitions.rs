//! `lookup` and `getDimensions`: what objects are made of, and which dimensions there are.

use std::collections::BTreeSet;

use super::super::objects::{self, Kind};
use super::super::refusal::Refusal;
use super::super::xml_tree::Element;
use super::Context;

/// The definition of an object. The elements around `Type` are a guess; the documentation prints only that one.
pub(super) fn lookup(body: &Element, context: &Context<'_>) -> Result<Element, Refusal> {
    let object = body.text_of("object").unwrap_or_default();
    let schema = objects::schema(object, context.settings)?;
    let names = schema.all();
    let fields = names.iter().map(|name| {
        let kind = schema.kind(name)?;
        Ok(field(name, kind, context))
    });
    let fields = fields.collect::<Result<Vec<_>, Refusal>>()?;
    let paths: BTreeSet<&str> = names.iter().filter_map(|name| Some(name.split_once('.')?.0)).collect();
    let relationships = paths.into_iter().map(|path| {
        Element::new("Relationship").with([
            Element::leaf("OBJECTPATH", path),
            Element::leaf("OBJECTNAME", path),
            Element::leaf("LABEL", ""),
            Element::leaf("RELATIONSHIPTYPE", "MANY2ONE"),
            Element::leaf("RELATEDBY", path),
        ])
    });
    let definition = Element::new("Type")
        .attribute("Name", object)
        .attribute("DocumentType", "")
        .child(Element::new("Fields").with(fields))
        .child(Element::new("Relationships").with(relationships));
    Ok(Element::new("data").attribute("listtype", "All").attribute("count", "1").child(definition))
}

fn field(name: &str, kind: Kind, context: &Context<'_>) -> Element {
    let data_type = match (name, kind) {
        ("RECORDNO", _) => "INTEGER",
        (_, Kind::Text) => "TEXT",
        (_, Kind::Number) => "DECIMAL",
        (_, Kind::Date) => "DATE",
        (_, Kind::Stamp) => "TIMESTAMP",
    };
    let own = context.settings.custom_fields.contains(name) || name.starts_with("GLDIM");
    let element = Element::new("Field").with([
        Element::leaf("ID", name),
        Element::leaf("LABEL", name.to_lowercase()),
        Element::leaf("DESCRIPTION", name.to_lowercase()),
        Element::leaf("REQUIRED", "false"),
        Element::leaf("READONLY", (name == "RECORDNO").to_string()),
        Element::leaf("DATATYPE", data_type),
        Element::leaf("ISCUSTOM", own.to_string()),
    ]);
    let values = ["active", "inactive"].map(|value| Element::leaf("VALIDVALUE", value));
    element.with((name == "STATUS").then(|| Element::new("VALIDVALUES").with(values)))
}

/// The dimensions: those every company has, then its own.
pub(super) fn dimensions(context: &Context<'_>) -> Element {
    let standard =
        ["LOCATION", "DEPARTMENT", "CLASS", "CUSTOMER", "ITEM", "PROJECT"].map(|name| dimension(name, false));
    let own = context.settings.user_defined_dimensions.keys().map(|name| dimension(name, true));
    Element::new("data").child(Element::new("dimensions").with(standard).with(own))
}

fn dimension(name: &str, user_defined: bool) -> Element {
    let label = name.chars().take(1).chain(name.to_lowercase().chars().skip(1)).collect::<String>();
    Element::new("dimension").with([
        Element::leaf("objectName", name),
        Element::leaf("objectLabel", &label),
        Element::leaf("termLabel", &label),
        Element::leaf("userDefinedDimension", user_defined.to_string()),
        Element::leaf("enabledInGL", "true"),
    ])
}
