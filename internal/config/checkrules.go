package config

import (
	"regexp"
	"slices"
	"strings"
)

// basisPoints is a share that costs something, as text because it is no whole number.
var basisPoints = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// checkRules checks what can be told without knowing currencies and fields, which is the application's.
func (d *decoder) checkRules(r MatchRules, key string) {
	d.checkMinor(r.Tolerance, key+".tolerance")
	for i, f := range r.Fees {
		d.checkFee(f, join(key+".fees", nameOr(f.Name, i)))
	}
}

func (d *decoder) checkFee(f FeeRule, key string) {
	for _, t := range f.Types {
		if !slices.Contains(lineTypes(), t) {
			d.wrongAt(key+".types", "each must be "+strings.Join(lineTypes(), " or "))
			break
		}
	}
	if f.BasisPoints != "" && !basisPoints.MatchString(f.BasisPoints) {
		d.wrongAt(key+".basis_points", "must be a decimal number that is not below zero, such as \"29.5\"")
	}
	d.checkMinor(f.Fixed, key+".fixed")
	d.checkMinor(f.Min, key+".min")
	d.checkMinor(f.Max, key+".max")
	for _, currency := range sortedNames(f.Min) {
		if most, set := f.Max[currency]; set && f.Min[currency] > most {
			d.wrongAt(key+".min."+currency, "is above max")
		}
	}
	if f.BasisPoints == "" && len(f.Fixed)+len(f.Min)+len(f.Max) == 0 {
		d.wrongAt(key, "prices nothing: give basis_points, fixed, min or max")
	}
}

// checkMinor refuses amounts below zero.
func (d *decoder) checkMinor(minor map[string]int, key string) {
	for _, currency := range sortedNames(minor) {
		if minor[currency] < 0 {
			d.wrongAt(join(key, currency), "must not be below zero")
		}
	}
}
