//! Counts the allocations of a request, with an allocator that counts: `cargo run --release -p session-costs --bin allocations`.

use session_costs::allocations::{Counted, measure, table};
use session_costs::ours;

fn main() -> anyhow::Result<()> {
    let figures = measure(&ours(), |run| {
        let info = allocation_counter::measure(run);
        Counted {
            count: info.count_total,
            bytes: info.bytes_total,
        }
    })?;
    print!("allocations per request\n\n{}", table(&figures.count));
    print!("\nbytes allocated per request\n\n{}", table(&figures.bytes));
    print!("\nbytes of Set-Cookie\n\n{}", table(&figures.set_cookie));
    Ok(())
}
