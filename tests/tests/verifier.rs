//! The verifier against a small world: what it accepts, refuses and leaves open, one test per reason and its neighbours.
//!
//! Every artefact goes through its file form, so readers are tested along the way.

mod verifier {
    mod acts;
    mod agreed;
    mod as_of;
    mod audience;
    mod chained;
    mod compromised;
    mod consent;
    mod content;
    mod cose;
    mod expect;
    mod flips;
    mod formed;
    mod gathered;
    mod hidden_reports;
    mod kept;
    mod key_bound;
    mod keys;
    mod known;
    mod more;
    mod moved;
    mod named;
    mod other_logs;
    mod outside;
    mod powers;
    mod presented;
    mod record;
    mod registry;
    mod retired;
    mod revoked;
    mod sealed;
    mod sight;
    mod stamps;
    mod status;
    mod successors;
    mod token_status;
    mod x5c;
    mod x5c_cose;
    mod x5c_presented;
    mod x5c_status;
    mod younger;
}
