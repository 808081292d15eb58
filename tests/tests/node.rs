//! The ledger node over HTTP: every route, every limit, races, and the graceful end.

#[path = "node/ending.rs"]
mod ending;
#[path = "node/failing.rs"]
mod failing;
#[path = "node/leaving.rs"]
mod leaving;
#[path = "node/long.rs"]
mod long;
#[path = "node/mutating.rs"]
mod mutating;
#[path = "node/reading.rs"]
mod reading;
#[path = "node/refusing.rs"]
mod refusing;
#[path = "node/schema.rs"]
mod schema;
#[path = "node/writing.rs"]
mod writing;
