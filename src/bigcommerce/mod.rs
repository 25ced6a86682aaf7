//! What comes in: BigCommerce webhooks and REST answers.
