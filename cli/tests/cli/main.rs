//! The `inkan` binary, run as a person or a script runs it.

#[cfg(test)]
mod accused;
#[cfg(test)]
mod acts;
#[cfg(test)]
mod asked;
#[cfg(test)]
mod attested;
#[cfg(test)]
mod authorities;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod cards;
#[cfg(test)]
mod common;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod eseals;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod fixed;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod halfway;
#[cfg(test)]
mod moves;
#[cfg(test)]
mod newest;
#[cfg(test)]
mod reuse;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod several;
mod sight;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod status;
#[cfg(test)]
mod successors;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod trust;
