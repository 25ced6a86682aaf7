//! Whatever BigCommerce answers: evidence or a clear error, never a panic.
#![no_main]

mod parts;

use cartledger::bigcommerce::evidence::assemble;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    match assemble("fuzz", &parts::raw_order(input)) {
        Ok(evidence) => assert_eq!(evidence.content_hash().len(), 64),
        Err(error) => assert!(error.to_string().contains("418"), "an error names its order: {error}"),
    }
});
