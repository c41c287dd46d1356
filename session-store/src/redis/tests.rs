//! The protocol for clusters, in every order and with every fault.

mod explorer;
mod faults;
mod job;
mod scenarios;
mod world;
