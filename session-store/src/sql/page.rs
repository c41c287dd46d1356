use session_core::Device;

/// Collects at most `limit` entries of an owner's list.
///
/// `fetch` gets the number of rows to skip and to return. A row that can't be read is skipped with a
/// warning, and another one takes its place: otherwise a page would look like the last one.
pub(crate) async fn page<R, E, F>(
    limit: usize,
    fetch: impl Fn(usize, usize) -> F,
    read: impl Fn(&R) -> Option<Device>,
    warn: impl Fn(),
) -> Result<Vec<Device>, E>
where
    F: Future<Output = Result<Vec<R>, E>>,
{
    let (mut page, mut seen) = (Vec::new(), 0);
    loop {
        let wanted = limit - page.len();
        let rows = fetch(seen, wanted).await?;
        seen += rows.len();
        for row in &rows {
            match read(row) {
                Some(device) => page.push(device),
                None => warn(),
            }
        }
        if rows.len() < wanted || page.len() >= limit {
            return Ok(page);
        }
    }
}
