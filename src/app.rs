//! Builds pool, clients, state, router and workers: the only place that knows them all.
