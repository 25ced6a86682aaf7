//! HTTP problems (RFC 9457): stable codes, what happened and what to do.
