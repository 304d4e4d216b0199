package csvfile

import (
	"maps"
	"slices"
)

// With returns the profile with what another one sets in the place of what it says itself. Columns, types and the like are
// set one by one: a field, type or kind of fee that the other maps to "" is taken away. Foots is true if either has it.
func (p Profile) With(o Profile) Profile {
	p.Columns, p.Types, p.Fees, p.Skip = merged(p.Columns, o.Columns), merged(p.Types, o.Types), merged(p.Fees, o.Fees), merged(p.Skip, o.Skip)
	p.Names, p.Exponents = maps.Clone(p.Names), maps.Clone(p.Exponents)
	for name := range o.Columns {
		delete(p.Names, name) // what is named now has no other names
	}
	p.Optional = slices.DeleteFunc(slices.Clone(p.Optional), func(name string) bool { _, named := o.Columns[name]; return named })
	for name, others := range o.Names {
		p.Names = put(p.Names, name, others)
	}
	for currency, n := range o.Exponents {
		p.Exponents = put(p.Exponents, currency, n)
	}
	p.Optional = append(p.Optional, o.Optional...)
	p.Reversals = append(slices.Clone(p.Reversals), o.Reversals...)
	p.Round = append(slices.Clone(p.Round), o.Round...)
	p.Dates = append(slices.Clone(o.Dates), p.Dates...)
	for _, s := range []struct {
		into *string
		from string
	}{
		{&p.Scale, o.Scale}, {&p.Signs, o.Signs}, {&p.FeeSigns, o.FeeSigns}, {&p.Delimiter, o.Delimiter}, {&p.Decimal, o.Decimal},
		{&p.Thousands, o.Thousands}, {&p.Zone, o.Zone},
	} {
		if s.from != "" {
			*s.into = s.from
		}
	}
	if o.Trailer != (Trailer{}) {
		p.Trailer = o.Trailer
	}
	p.Foots = p.Foots || o.Foots
	return p
}

func merged(base, over map[string]string) map[string]string {
	out := maps.Clone(base)
	for key, value := range over {
		if value == "" {
			delete(out, key)
		} else {
			out = put(out, key, value)
		}
	}
	return out
}

func put[V any](m map[string]V, key string, value V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[key] = value
	return m
}
