use redis::Value;

/// The number of slots of a cluster.
const SLOTS: u16 = 16_384;

/// A node's host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

/// The primaries of a cluster and their slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SlotMap(Vec<Range>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    first: u16,
    last: u16,
    primary: Address,
}

impl SlotMap {
    /// Reads the answer of the node at `asked` to `CLUSTER SLOTS`; `None` for anything else.
    pub(super) fn read(answer: &Value, asked: &Address) -> Option<Self> {
        let Value::Array(ranges) = answer else {
            return None;
        };
        let mut map = Vec::with_capacity(ranges.len());
        for range in ranges {
            let Value::Array(range) = range else {
                return None;
            };
            let [first, last, primary, ..] = &**range else {
                return None;
            };
            map.push(Range {
                first: number(first)?,
                last: number(last)?,
                primary: address(primary, asked)?,
            });
        }
        (!map.is_empty()).then_some(Self(map))
    }

    pub(super) fn primary(&self, slot: u16) -> Option<&Address> {
        let mut ranges = self.0.iter();
        let range = ranges.find(|range| (range.first..=range.last).contains(&slot))?;
        Some(&range.primary)
    }

    /// Returns every primary, once.
    pub(super) fn primaries(&self) -> Vec<Address> {
        let mut primaries: Vec<_> = self.0.iter().map(|range| range.primary.clone()).collect();
        primaries.sort_unstable();
        primaries.dedup();
        primaries
    }

    /// Says whether every slot has a primary.
    pub(super) fn is_whole(&self) -> bool {
        let sizes = self
            .0
            .iter()
            .map(|range| u32::from(range.last - range.first) + 1);
        sizes.sum::<u32>() == u32::from(SLOTS)
    }
}

impl Address {
    /// Reads `host:port` of a redirection; without a host it means the host at `asked`.
    pub(super) fn read(text: &str, asked: &Self) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = if host.is_empty() { &asked.host } else { host };
        Some(Self {
            host: host.to_owned(),
            port: port.parse().ok()?,
        })
    }
}

/// Returns the slot of a key, or that of the text in its first braces unless it is empty.
pub(super) fn slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        let close = rest.iter().position(|byte| *byte == b'}')?;
        (close > 0).then(|| &rest[..close])
    });
    crc16(tag.unwrap_or(key)) % SLOTS
}

/// Computes CRC-16/XMODEM, as in Redis' cluster specification.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

fn address(node: &Value, asked: &Address) -> Option<Address> {
    let Value::Array(node) = node else {
        return None;
    };
    let [host, port, ..] = &**node else {
        return None;
    };
    let host = match host {
        Value::BulkString(host) if !host.is_empty() => String::from_utf8(host.clone()).ok()?,
        // A node that does not know its own name is the one that was asked.
        _ => asked.host.clone(),
    };
    let port = number(port)?;
    Some(Address { host, port })
}

fn number(value: &Value) -> Option<u16> {
    match value {
        Value::Int(number) => u16::try_from(*number).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(slot(b"{user1000}.following"), slot(b"{user1000}.followers"));
        assert_eq!(slot(b"foo{}{bar}"), crc16(b"foo{}{bar}") % SLOTS);
        assert_eq!(slot(b"foo{{bar}}zap"), crc16(b"{bar") % SLOTS);
        assert_eq!(slot(b"foo{bar}{zap}"), crc16(b"bar") % SLOTS);
        assert_eq!(slot(b"foo{bar"), crc16(b"foo{bar") % SLOTS);
    }

    #[test]
    fn a_map_has_primaries_and_gaps() {
        let node =
            |host: &str, port| Value::Array(vec![Value::BulkString(host.into()), Value::Int(port)]);
        let range =
            |first, last, node| Value::Array(vec![Value::Int(first), Value::Int(last), node]);
        let asked = Address::read(
            "10.0.0.1:7000",
            &Address {
                host: String::new(),
                port: 0,
            },
        )
        .unwrap();
        let answer = Value::Array(vec![
            range(0, 99, node("", 7_000)),
            range(100, 16_383, node("10.0.0.2", 7_001)),
        ]);
        let map = SlotMap::read(&answer, &asked).unwrap();
        assert_eq!(map.primary(99), Some(&asked));
        assert_eq!(map.primary(100).unwrap().host, "10.0.0.2");
        assert_eq!(map.primaries().len(), 2);
        assert!(map.is_whole());
        let answer = Value::Array(vec![range(0, 99, node("", 7_000))]);
        let map = SlotMap::read(&answer, &asked).unwrap();
        assert!(!map.is_whole());
        assert_eq!(map.primary(100), None);
        assert_eq!(SlotMap::read(&Value::Array(vec![]), &asked), None);
        assert_eq!(SlotMap::read(&Value::Nil, &asked), None);
    }
}
