//! Counts the allocations of a request, with an allocator that counts. With `--json` it prints them for a program.

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
    if std::env::args().nth(1).as_deref() == Some("--json") {
        println!("{}", serde_json::to_string(&figures)?);
        return Ok(());
    }
    print!("allocations per request\n\n{}", table(&figures.count));
    print!("\nbytes allocated per request\n\n{}", table(&figures.bytes));
    print!("\nbytes of Set-Cookie\n\n{}", table(&figures.set_cookie));
    Ok(())
}
