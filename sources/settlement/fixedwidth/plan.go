package fixedwidth

import (
	"bytes"
	"slices"

	"parallax/sources/settlement/decode"
)

// plan is a layout made ready for reading.
type plan struct {
	Layout
	records    []recordPlan
	totals     []totalPlan // of all trailers
	types      map[string]typePlan
	currencies decode.Currencies
	exponents  map[string]int // by ISO letters
}

type recordPlan struct {
	Record
	when   []conditionPlan
	fields []fieldPlan
	need   int   // bytes its fields reach to
	totals []int // in plan.totals
}

type conditionPlan struct {
	from, to int
	is       [][]byte
}

type fieldPlan struct {
	Field
	name     string
	means    meaning
	from, to int // from zero, half-open
}

type typePlan struct {
	Type
	code string
}

type totalPlan struct {
	Total
	batch bool
}

func newPlan(l Layout) *plan {
	p := &plan{Layout: l, types: map[string]typePlan{}, currencies: decode.NewCurrencies(), exponents: map[string]int{}}
	for code, t := range l.Types {
		p.types[code] = typePlan{t, code}
	}
	for _, letters := range p.currencies {
		if digits, err := decode.Exponent(letters); err == nil {
			p.exponents[letters] = digits
		}
	}
	for _, r := range l.Records {
		p.records = append(p.records, p.record(r))
	}
	return p
}

func (p *plan) record(r Record) recordPlan {
	out := recordPlan{Record: r}
	reach := func(place Place) { out.need = max(out.need, place.At+place.Length-1) }
	for _, c := range r.When {
		when := conditionPlan{from: c.At - 1, to: c.At - 1 + len(c.Is[0])}
		for _, text := range c.Is {
			when.is = append(when.is, []byte(text))
		}
		out.when = append(out.when, when)
	}
	for _, name := range Fields() {
		f, ok := r.Fields[name]
		if !ok {
			continue
		}
		out.fields = append(out.fields, fieldPlan{Field: f, name: name, means: meanings[name], from: f.At - 1, to: f.At - 1 + f.Length})
		reach(Place{f.At, f.Length})
		if f.Sign != nil {
			reach(f.Sign.Place)
		}
	}
	for _, t := range r.Totals {
		reach(t.Place)
		out.totals = append(out.totals, len(p.totals))
		p.totals = append(p.totals, totalPlan{t, r.Role == BatchTrailer})
	}
	if p.Same != nil && (r.Role == Line || r.Role == Continuation) {
		reach(*p.Same)
	}
	return out
}

// of finds the type of a record; nil if there is none.
func (p *plan) of(rec []byte) *recordPlan {
	for i := range p.records {
		if r := &p.records[i]; r.fits(rec) {
			return r
		}
	}
	return nil
}

func (r *recordPlan) fits(rec []byte) bool {
	for i := range r.when {
		c := &r.when[i]
		if c.to > len(rec) || !c.holds(rec[c.from:c.to]) {
			return false
		}
	}
	return true
}

func (c *conditionPlan) holds(text []byte) bool {
	for _, is := range c.is {
		if bytes.Equal(is, text) {
			return true
		}
	}
	return false
}

// counts reports whether a total is of lines with a code.
func (t *totalPlan) counts(code string) bool {
	return len(t.Codes) == 0 || slices.Contains(t.Codes, code)
}

// at is what stands at a place of a record, without blanks around it; the record may end before it.
func at(rec []byte, from, to int) []byte {
	return bytes.Trim(rec[min(from, len(rec)):min(to, len(rec))], " ")
}
