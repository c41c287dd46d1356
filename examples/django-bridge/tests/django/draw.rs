use serde_json::{Map, Value, json};

/// Random values of JSON, repeated by the same seed (splitmix64).
#[derive(Debug)]
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Returns a number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.bits() % u64::try_from(count).unwrap()).unwrap()
    }

    pub fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    pub fn text(&mut self) -> String {
        let length = self.one_of(&[0, 1, 3, 10, 40]);
        let mut text = String::new();
        for _ in 0..length {
            let alphabet: Vec<char> = self.one_of(&ALPHABETS).chars().collect();
            text.push(self.one_of(&alphabet));
        }
        text
    }

    pub fn number(&mut self) -> Value {
        match self.below(4) {
            0 => json!(self.one_of(&[0_i64, -1, 1, 255, i64::MIN, i64::MAX])),
            1 => json!(self.one_of(&[u64::MAX, 1 << 53, (1 << 53) + 1])),
            2 => json!(self.one_of(&[0.1, -0.0, 1e16, 1e-7, 1e100, 5e-324, f64::MAX, 2.0])),
            // A NaN or an infinity is null in JSON.
            _ => json!(f64::from_bits(self.bits())),
        }
    }

    pub fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth < 4 { 7 } else { 5 }) {
            0 => self.one_of(&[Value::Null, Value::Bool(true), Value::Bool(false)]),
            1 | 2 => self.number(),
            3 | 4 => Value::String(self.text()),
            5 => {
                let count = self.below(4);
                (0..count).map(|_| self.value(depth + 1)).collect()
            }
            _ => {
                let count = self.below(4);
                let members = (0..count).map(|_| (self.text(), self.value(depth + 1)));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

const ALPHABETS: [&str; 5] = [
    "abcdefghijklmnopqrstuvwxyz_0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "\0\u{1}\u{1f}\"\\/\u{7f}<>&'\u{2028}\u{feff}\t\r\n",
    "äßñ€中文кириллица",
    "😀🏳️‍🌈𝒳",
];
