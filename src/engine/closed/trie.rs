//! Tokenised wordings as a tree: what begins alike is evaluated once.

use super::Token;

/// A whole wording: the class it belongs to and its place in that class.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Word {
    pub class: usize,
    pub wording: usize,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Node {
    children: Vec<(Token, usize)>,
    word: Option<Word>,
}

/// The wordings of a set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trie(Vec<Node>);

impl Default for Trie {
    fn default() -> Trie {
        Trie(vec![Node::default()])
    }
}

impl Trie {
    pub const ROOT: usize = 0;

    /// Adds a wording. Of two with the same tokens the first holds; one without tokens is left out.
    pub fn insert(&mut self, tokens: &[Token], word: Word) {
        let mut at = Trie::ROOT;
        for token in tokens {
            at = match self.child(at, *token) {
                Some(child) => child,
                None => {
                    let new = self.0.len();
                    self.0.push(Node::default());
                    if let Some(node) = self.0.get_mut(at) {
                        node.children.push((*token, new));
                    }
                    new
                }
            };
        }
        if let Some(node) = self.0.get_mut(at).filter(|_| at != Trie::ROOT) {
            node.word.get_or_insert(word);
        }
    }

    /// What may follow a node: the token, and the node that it leads to.
    pub fn children(&self, node: usize) -> &[(Token, usize)] {
        self.0.get(node).map_or(&[], |node| &node.children)
    }

    /// The wording that ends at a node.
    pub fn word(&self, node: usize) -> Option<Word> {
        self.0.get(node)?.word
    }

    pub fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    fn child(&self, node: usize, token: Token) -> Option<usize> {
        self.children(node).iter().find(|(t, _)| *t == token).map(|(_, node)| *node)
    }
}
