//! How much of one text a page draws: elements cost far more than their bytes, so that a message of 64 KiB could hold a page
//! up for minutes.

/// Parts of a text that are drawn: starts, ends, stretches of text, ends of lines, links.
pub(super) const NODES: usize = 2_000;
/// Characters of a text that are drawn.
pub(super) const CHARACTERS: usize = 20_000;

/// What is left for a text.
#[derive(Debug)]
pub(super) struct Budget {
    nodes: usize,
    characters: usize,
    spent: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self { nodes: NODES, characters: CHARACTERS, spent: false }
    }
}

impl Budget {
    /// Whether something was left out.
    pub const fn is_spent(&self) -> bool {
        self.spent
    }

    /// Whether one more part may be drawn; once something was left out, none may.
    pub const fn take_node(&mut self) -> bool {
        if self.spent || self.nodes == 0 {
            self.spent = true;
            return false;
        }
        self.nodes -= 1;
        true
    }

    /// Nothing more may be drawn: something was left out.
    pub const fn spend(&mut self) {
        self.spent = true;
    }

    /// As much of a stretch of text as may be drawn.
    pub fn take_text<'a>(&mut self, text: &'a str) -> &'a str {
        let mut taken = 0;
        for (index, _) in text.char_indices() {
            if taken == self.characters {
                self.characters = 0;
                return &text[..index];
            }
            taken += 1;
        }
        self.characters -= taken;
        text
    }
}
