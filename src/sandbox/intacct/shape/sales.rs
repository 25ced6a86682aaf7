//! Which elements stand where in Order Entry documents.
//!
//! Source: the gateway's XML schema 3.0 (Intacct, `intacct_dtd`), with the elements that the documentation of Order Entry
//! transactions added later.

use super::tables::CURRENCY;
use super::tables::Content::{self, Sequence};
use super::tables::Particle::{Maybe, One};

/// What the documentation added later stands behind `projectid`, in the order of its table.
pub(super) const SALES_DOCUMENT: Content = Sequence(&[
    One("transactiontype"),
    One("datecreated"),
    Maybe("dateposted"),
    Maybe("createdfrom"),
    One("customerid"),
    Maybe("documentno"),
    Maybe("origdocdate"),
    Maybe("referenceno"),
    Maybe("termname"),
    Maybe("datedue"),
    Maybe("message"),
    Maybe("shippingmethod"),
    Maybe("shipto"),
    Maybe("billto"),
    Maybe("supdocid"),
    Maybe("externalid"),
    CURRENCY,
    Maybe("vsoepricelist"),
    Maybe("customfields"),
    Maybe("state"),
    Maybe("projectid"),
    Maybe("taxsolutionid"),
    One("sotransitems"),
    Maybe("subtotals"),
]);

pub(super) const SALES_LINE: Content = Sequence(&[
    Maybe("bundlenumber"),
    One("itemid"),
    Maybe("itemaliasid"),
    Maybe("itemdesc"),
    Maybe("taxable"),
    Maybe("warehouseid"),
    One("quantity"),
    Maybe("unit"),
    Maybe("linelevelsimpletaxtype"),
    Maybe("discountpercent"),
    Maybe("price"),
    Maybe("sourcelinekey"),
    Maybe("discsurchargememo"),
    Maybe("locationid"),
    Maybe("departmentid"),
    Maybe("memo"),
    Maybe("itemdetails"),
    Maybe("customfields"),
    Maybe("revrectemplate"),
    Maybe("revrecstartdate"),
    Maybe("revrecenddate"),
    Maybe("renewalmacro"),
    Maybe("projectid"),
    Maybe("taskid"),
    Maybe("costtypeid"),
    Maybe("customerid"),
    Maybe("vendorid"),
    Maybe("employeeid"),
    Maybe("classid"),
    Maybe("contractid"),
    Maybe("fulfillmentstatus"),
    Maybe("taskno"),
    Maybe("billingtemplate"),
    Maybe("dropship"),
    Maybe("shipto"),
]);

pub(super) const SUBTOTAL: Content = Sequence(&[
    One("description"),
    One("total"),
    Maybe("absval"),
    Maybe("percentval"),
    Maybe("locationid"),
    Maybe("departmentid"),
    Maybe("projectid"),
    Maybe("customerid"),
    Maybe("vendorid"),
    Maybe("employeeid"),
    Maybe("classid"),
    Maybe("itemid"),
    Maybe("contractid"),
    Maybe("customfields"),
]);
