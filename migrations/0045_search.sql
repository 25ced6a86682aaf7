-- Orders are found by the number of one of their documents, documents are listed store by store.
create index document_number on document (store, number);
create index document_of_store on document (store, key);
