//! From a question to a query of the index, and to its answer.

use super::excluded::Gathered;
use super::index::Index;
use super::page::Page;
use super::port::{Cursor, Found, Question, Readable};
use super::query::Needle;
use super::schema::Fields;
use domain::ids::Position;
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use tantivy::query::{
    Bm25StatisticsProvider, BooleanQuery, ConstScoreQuery, EmptyQuery, InvertedIndexRangeQuery, Occur,
    PhrasePrefixQuery, PhraseQuery, Query, RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

/// Words that the beginning at the end of a phrase stands for, at most, in each segment: memory is set aside for all.
const EXPANSIONS_MAX: u32 = 1_024;

/// Answers a question from what was committed up to `position`.
pub(super) fn find(index: &Index, position: Position, question: &Question) -> tantivy::Result<Found> {
    let searcher = index.searcher();
    let statistics = Statistics::of(index.fields, &searcher, question)?;
    let (bound, now) = question.after.as_ref().map_or((position, question.now), |after| (after.bound, after.now));
    let page = Page {
        sort: question.sort,
        now,
        bound,
        after: question.after.as_ref().map(|after| (after.rank, after.position.0)),
        limit: question.limit,
    };
    let query = query(index.fields, question);
    let mut collected = searcher.search_with_statistics_provider(&*query, &page, &statistics)?;
    let has_more = collected.items.len() > question.limit;
    collected.items.truncate(question.limit);
    let last = collected.items.last().filter(|_| has_more);
    let next = last.map(|last| Cursor {
        bound,
        now,
        statistics: statistics.numbers(),
        rank: last.rank,
        position: Position(last.position),
    });
    let hits = collected.items.iter().map(|item| item.hit).collect();
    Ok(Found { hits, total: collected.total, total_is_exact: true, next, position })
}

/// How rare words are: on the first page as the index says, on the others as it said then.
struct Statistics {
    documents: u64,
    tokens: u64,
    /// Of the question's terms, in the order of the terms.
    frequencies: Vec<(Term, u64)>,
    by_term: HashMap<Term, u64>,
}

impl Statistics {
    fn of(fields: Fields, searcher: &Searcher, question: &Question) -> tantivy::Result<Self> {
        let needles = question.needles.iter().filter(|needle| !needle.is_negated);
        let terms: BTreeSet<&String> = needles.flat_map(|needle| &needle.terms).collect();
        let terms: Vec<Term> = terms.into_iter().map(|term| fields.of_text(term)).collect();
        let kept = question.after.as_ref().map(|after| after.statistics.as_slice());
        let numbers = match kept {
            Some([documents, tokens, rest @ ..]) if rest.len() == terms.len() => (*documents, *tokens, rest.to_vec()),
            _ => {
                let documents = Bm25StatisticsProvider::total_num_docs(searcher)?;
                let tokens = Bm25StatisticsProvider::total_num_tokens(searcher, fields.text)?;
                let counts = terms.iter().map(|term| searcher.doc_freq(term)).collect::<Result<_, _>>()?;
                (documents, tokens, counts)
            }
        };
        let frequencies: Vec<(Term, u64)> = terms.into_iter().zip(numbers.2).collect();
        let by_term = frequencies.iter().cloned().collect();
        Ok(Self { documents: numbers.0, tokens: numbers.1, frequencies, by_term })
    }

    fn numbers(&self) -> Vec<u64> {
        let counts = self.frequencies.iter().map(|(_, count)| *count);
        [self.documents, self.tokens].into_iter().chain(counts).collect()
    }
}

impl Bm25StatisticsProvider for Statistics {
    fn total_num_tokens(&self, _field: Field) -> tantivy::Result<u64> {
        Ok(self.tokens)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.documents)
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        Ok(self.by_term.get(term).copied().unwrap_or_default().min(self.documents))
    }
}

type Clause = (Occur, Box<dyn Query>);

fn query(fields: Fields, question: &Question) -> Box<dyn Query> {
    if question.scope.is_empty() || question.senders.as_ref().is_some_and(Vec::is_empty) {
        return Box::new(EmptyQuery);
    }
    let mut clauses: Vec<Clause> = vec![(Occur::Must, filter(scope(fields, &question.scope)))];
    for needle in &question.needles {
        let query = needle_query(fields, needle);
        clauses.push(match needle.is_negated {
            true => (Occur::MustNot, Box::new(Gathered(query))),
            false => (Occur::Must, query),
        });
    }
    for (has, is_wanted) in &question.has {
        let occur = if *is_wanted { Occur::Must } else { Occur::MustNot };
        clauses.push((occur, filter(one(fields.of_has(*has)))));
    }
    if let Some(senders) = &question.senders {
        let terms = senders.iter().map(|account| fields.of_sender(*account));
        clauses.push((Occur::Must, filter(Box::new(TermSetQuery::new(terms)))));
    }
    for account in &question.not_senders {
        clauses.push((Occur::MustNot, filter(one(fields.of_sender(*account)))));
    }
    if question.from.is_some() || question.until.is_some() {
        let term = |time: domain::clock::Time| fields.of_sent_at(time.micros());
        let from = question.from.map_or(Bound::Unbounded, |from| Bound::Included(term(from)));
        let until = question.until.map_or(Bound::Unbounded, |until| Bound::Excluded(term(until)));
        clauses.push((Occur::Must, filter(Box::new(RangeQuery::new(from, until)))));
    }
    Box::new(BooleanQuery::new(clauses))
}

/// What only selects counts nothing.
fn filter(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

fn one(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

fn scope(fields: Fields, scope: &[Readable]) -> Box<dyn Query> {
    let whole = scope.iter().filter(|readable| readable.until_seq.is_none());
    let mut clauses: Vec<Clause> = Vec::new();
    let terms: Vec<Term> = whole.map(|readable| fields.of_conversation(readable.conversation)).collect();
    match terms.len() {
        0 => {}
        1 => clauses.extend(terms.into_iter().map(|term| (Occur::Should, one(term)))),
        _ => clauses.push((Occur::Should, Box::new(TermSetQuery::new(terms)))),
    }
    for readable in scope {
        let Some(until) = readable.until_seq else { continue };
        let seen = RangeQuery::new(Bound::Unbounded, Bound::Included(fields.of_seq(until)));
        let clause: Vec<Clause> =
            vec![(Occur::Must, one(fields.of_conversation(readable.conversation))), (Occur::Must, Box::new(seen))];
        clauses.push((Occur::Should, Box::new(BooleanQuery::new(clause))));
    }
    Box::new(BooleanQuery::new(clauses))
}

fn needle_query(fields: Fields, needle: &Needle) -> Box<dyn Query> {
    let terms: Vec<Term> = needle.terms.iter().map(|term| fields.of_text(term)).collect();
    if needle.is_prefix {
        // Each word that begins so counts the same, however rare.
        return Box::new(ConstScoreQuery::new(beginning(fields, needle, terms), 1.0));
    }
    match <[Term; 1]>::try_from(terms) {
        Ok([term]) => Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)),
        Err(terms) if terms.is_empty() => Box::new(EmptyQuery),
        Err(terms) => Box::new(PhraseQuery::new(terms)),
    }
}

/// The last term may go on.
fn beginning(fields: Fields, needle: &Needle, terms: Vec<Term>) -> Box<dyn Query> {
    match needle.terms.as_slice() {
        [] => Box::new(EmptyQuery),
        [term] => {
            let end = fields.of_text(&format!("{term}{}", char::MAX));
            Box::new(InvertedIndexRangeQuery::new(Bound::Included(fields.of_text(term)), Bound::Excluded(end)))
        }
        _ => {
            let mut query = PhrasePrefixQuery::new(terms);
            query.set_max_expansions(EXPANSIONS_MAX);
            Box::new(query)
        }
    }
}
