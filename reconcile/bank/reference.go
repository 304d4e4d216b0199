package bank

import (
	"slices"
	"strings"
	"unicode"
)

// minInNote is how many letters and digits a reference must have to be looked for in free text: a shorter one stands there
// by chance.
const minInNote = 6

// component is payouts and entries that references tie together.
type component struct {
	payouts, entries []*transfer
	exact            bool // by equal fields only, not by words in free text
}

// byReference pairs what the references tie together.
func (m *matching) byReference() {
	for _, c := range m.components() {
		rule := inNote
		if c.exact {
			rule = byRef
		}
		for _, currency := range currenciesOf(c.payouts, c.entries) {
			m.settle(of(c.payouts, currency), of(c.entries, currency), rule)
		}
		m.crossCurrency(c, rule)
	}
}

// components are found by following references from payouts to entries and back, in the order of the payouts.
func (m *matching) components() []component {
	links, exact := m.links()
	entriesOf := make([][]int, len(m.payouts))
	for e, payouts := range links {
		for _, p := range payouts {
			entriesOf[p] = append(entriesOf[p], e)
		}
	}
	var out []component
	donePayout, doneEntry := make([]bool, len(m.payouts)), make([]bool, len(m.entries))
	for first := range m.payouts {
		if donePayout[first] || len(entriesOf[first]) == 0 {
			continue
		}
		donePayout[first] = true
		var entries []int
		payouts := []int{first}
		for i := 0; i < len(payouts); i++ {
			for _, e := range entriesOf[payouts[i]] {
				if doneEntry[e] {
					continue
				}
				doneEntry[e], entries = true, append(entries, e)
				for _, p := range links[e] {
					if !donePayout[p] {
						donePayout[p], payouts = true, append(payouts, p)
					}
				}
			}
		}
		out = append(out, m.component(payouts, entries, exact))
	}
	return out
}

func (m *matching) component(payouts, entries []int, exact []bool) component {
	c := component{exact: true}
	slices.Sort(payouts)
	slices.Sort(entries)
	for _, p := range payouts {
		c.payouts = append(c.payouts, m.payouts[p])
	}
	for _, e := range entries {
		c.entries = append(c.entries, m.entries[e])
		c.exact = c.exact && exact[e]
	}
	return c
}

// links names for each entry the payouts that its references speak of, and whether by equal fields alone.
func (m *matching) links() (links [][]int, exact []bool) {
	fields, words := m.references()
	links, exact = make([][]int, len(m.entries)), make([]bool, len(m.entries))
	for i, e := range m.entries {
		if e.fate != undecided {
			continue
		}
		for _, id := range []string{e.Reference, e.Batch, e.Original, e.PaymentID, e.RRN, e.ARN} {
			links[i] = append(links[i], fields[strings.TrimSpace(id)]...)
		}
		exact[i] = len(links[i]) > 0
		if !exact[i] {
			links[i] = found(words, wordsOf(e.Note))
		}
		slices.Sort(links[i])
		links[i] = slices.Compact(links[i])
	}
	return links, exact
}

// phrase is a reference as it may stand in free text.
type phrase struct {
	words   []string
	payouts []int
}

// references are the payouts by what identifies them: whole fields, and phrases by their first word. A reference that
// payouts of different days and batches share identifies none of them.
func (m *matching) references() (map[string][]int, map[string][]phrase) {
	fields := map[string][]int{}
	var order []string
	for i, p := range m.payouts {
		for _, id := range slices.Compact([]string{strings.TrimSpace(p.Reference), strings.TrimSpace(p.Batch)}) {
			if id == "" {
				continue
			}
			if fields[id] == nil {
				order = append(order, id)
			}
			fields[id] = append(fields[id], i)
		}
	}
	words := map[string][]phrase{}
	for _, id := range order {
		if m.shared(fields[id]) {
			delete(fields, id)
			continue
		}
		if w := wordsOf(id); len(strings.Join(w, "")) >= minInNote && strings.ContainsFunc(id, unicode.IsDigit) {
			words[w[0]] = append(words[w[0]], phrase{w, fields[id]})
		}
	}
	return fields, words
}

func (m *matching) shared(payouts []int) bool {
	first := m.payouts[payouts[0]]
	sameDay, sameBatch := true, first.Batch != ""
	for _, i := range payouts {
		p := m.payouts[i]
		sameDay, sameBatch = sameDay && p.day.Equal(first.day), sameBatch && p.Batch == first.Batch
	}
	return !sameDay && !sameBatch
}

// wordsOf are the runs of letters and digits of a text, in capitals: banks change case and punctuation of what they pass on.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToUpper(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// found are the payouts whose references stand in a text, word by word.
func found(words map[string][]phrase, text []string) []int {
	var out []int
	for i, first := range text {
		for _, ph := range words[first] {
			if len(text)-i >= len(ph.words) && slices.Equal(text[i:i+len(ph.words)], ph.words) {
				out = append(out, ph.payouts...)
			}
		}
	}
	return out
}

func currenciesOf(sides ...[]*transfer) []string {
	var out []string
	for _, side := range sides {
		for _, t := range side {
			out = append(out, t.Amount.Currency)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func of(side []*transfer, currency string) []*transfer {
	var out []*transfer
	for _, t := range side {
		if t.Amount.Currency == currency {
			out = append(out, t)
		}
	}
	return out
}
