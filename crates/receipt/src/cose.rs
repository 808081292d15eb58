//! Does a COSE receipt hold? §5.6 of the ledger specification, RFC 9942.
//!
//! In scope: making the checks in order, and what they show. Out of scope: the checks themselves (`inkan-ledger`); a
//! quorum, which such a receipt does not have.

use inkan_ledger::LeafHash;
use inkan_ledger::cose::CoseReceipt;

use crate::report::{Report, number};
use crate::request::CoseRequest;

/// Makes all checks of a COSE receipt, up to the first that fails.
#[must_use]
pub fn check_cose(asked: &CoseRequest) -> Report {
    let mut report = Report::new(&["form", "inclusion", "log"]);
    let receipt = match CoseReceipt::parse(&asked.cose) {
        Ok(receipt) => receipt,
        Err(error) => return report.fail(&[], error.code()),
    };
    report.pass(&["form"]);
    let leaf_hash = LeafHash::of(&asked.leaf);
    let root = match receipt.verify(&leaf_hash, &asked.key) {
        Ok(root) => root,
        Err(error) => return report.fail(&["inclusion", "log"], error.code()),
    };
    report.pass(&["inclusion", "log"]);
    report.fact("origin", receipt.origin());
    report.fact("size", number(receipt.tree_size()));
    report.fact("index", number(receipt.proof().leaf_index));
    report.fact("root", root.digest().to_hex());
    report.fact("kid", inkan_core::encoding::hex(receipt.kid()));
    report.fact("leafHash", leaf_hash.digest().to_hex());
    report
}
