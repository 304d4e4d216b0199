package config

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"time"
)

// keySampleTimes are moments whose dates have no piece in common.
var keySampleTimes = [...]time.Time{time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC), time.Date(2031, 2, 9, 3, 0, 0, 0, time.UTC)}

// keyPatternWrong says why a pattern does not take the payment back out of the keys that a template makes; empty if it does.
func keyPatternWrong(key *KeyTemplate, pattern *regexp.Regexp) string {
	payment, ok := samplePayment(pattern)
	if !ok {
		return ""
	}
	for _, at := range keySampleTimes {
		sample := key.Of(payment, at)
		m := pattern.FindStringSubmatch(sample)
		switch {
		case m == nil || m[0] != sample:
			return fmt.Sprintf("does not fit %q, which key makes of payment %q: leave it out, it is made from key", sample, payment)
		case m[pattern.SubexpIndex("payment_id")] != payment:
			return fmt.Sprintf("takes payment %q out of %q, which key makes of payment %q: leave it out, it is made from key",
				m[pattern.SubexpIndex("payment_id")], sample, payment)
		}
	}
	return ""
}

// samplePayment makes a payment's id that the group payment_id of a pattern fits by itself.
func samplePayment(pattern *regexp.Regexp) (string, bool) {
	tree, err := syntax.Parse(pattern.String(), syntax.Perl)
	if err != nil {
		return "", false
	}
	group := groupOf(tree, "payment_id")
	if group == nil {
		return "", false
	}
	whole, err := regexp.Compile("^(?:" + group.String() + ")$")
	if err != nil {
		return "", false
	}
	var made strings.Builder
	sampleOf(group, &made)
	for _, payment := range []string{"pay_1", made.String()} {
		if payment != "" && whole.MatchString(payment) {
			return payment, true
		}
	}
	return "", false
}

func groupOf(tree *syntax.Regexp, name string) *syntax.Regexp {
	if tree.Op == syntax.OpCapture && tree.Name == name {
		return tree.Sub[0]
	}
	for _, sub := range tree.Sub {
		if found := groupOf(sub, name); found != nil {
			return found
		}
	}
	return nil
}

// sampleOf writes a short text that an expression fits, letters and digits where it can.
func sampleOf(tree *syntax.Regexp, out *strings.Builder) {
	times := 1
	switch tree.Op {
	case syntax.OpLiteral:
		out.WriteString(string(tree.Rune))
	case syntax.OpCharClass:
		out.WriteRune(sampleRune(tree.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		out.WriteRune('a')
	case syntax.OpRepeat:
		times = max(tree.Min, 1)
	}
	if tree.Op == syntax.OpAlternate {
		sampleOf(tree.Sub[0], out)
		return
	}
	for range times {
		for _, sub := range tree.Sub {
			sampleOf(sub, out)
		}
	}
}

// sampleRune is a character of a class, given as pairs of its ranges.
func sampleRune(class []rune) rune {
	for _, r := range "a1A-_" {
		for i := 0; i+1 < len(class); i += 2 {
			if class[i] <= r && r <= class[i+1] {
				return r
			}
		}
	}
	if len(class) == 0 {
		return 'a'
	}
	return class[0]
}
