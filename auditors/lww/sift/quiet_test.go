package sift_test

import (
	"strings"
	"testing"

	"parallax/auditors/lww/sift"
)

// states makes the traces of one key. Each chain is the states of a region, a letter an image, "-" no item; the records are
// a tenth of a second apart. Small letters stand for images that name neither writer nor origin, all others say that the first region
// wrote them. The counter of an image is its place in counters, A to Z unless given.
func states(chains []string, counters map[byte]uint32) []sift.Trace {
	var out []sift.Trace
	image := func(letter byte) (h sift.Hash) {
		if letter != '-' {
			h[3] = letter
		}
		return h
	}
	for region, chain := range chains {
		for i := 1; i < len(chain); i++ {
			old, letter := chain[i-1], chain[i]
			t := sift.Trace{
				Key: sift.Hash{7}, Old: image(old), New: image(letter), Order: uint64(i), At: epoch.UnixMicro() + int64(i)*1e5,
				Region: uint8(region), Flags: sift.Known,
			}
			if old >= 'A' && old <= 'Z' {
				t.Before = uint32(old)
			}
			if letter >= 'A' && letter <= 'Z' {
				t.Writer, t.Origin, t.Count = uint32(letter), 1, uint32(letter-'A'+1)
				if n, ok := counters[letter]; ok {
					t.Count = n
				}
			}
			out = append(out, t)
		}
	}
	return out
}

func TestQuietAndSuspect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		chains   string
		counters map[byte]uint32
		quiet    bool
		why      string
	}{
		{"-AB -AB", nil, true, "the same"},
		{"-AB -AB -AB", nil, true, "the same thrice"},
		{"-AB-  -AB-", nil, true, "removed"},
		{"A- A-", nil, true, "removed, and nothing else read"},
		{"-ab -ab", nil, true, "nothing named, two regions"},
		{"-ab -ab -ab", nil, false, "nothing named, three regions"},
		{"-AB", nil, false, "one region only"},
		{"-AB -AB ", nil, true, "spaces mean nothing"},
		{"-AB -A", nil, false, "a version is missing"},
		{"-AB AB", nil, false, "other starts"},
		{"-AB-C -AB-C", nil, false, "written after the removal"},
		{"ABA ABA", nil, false, "came back"},
		{"aba aba", nil, false, "came back, unnamed"},
		{"ababa ababa", nil, false, "perhaps read twice"},
		{"-abab -abab", nil, false, "perhaps read twice, after an insert"},
		{"abcdefghijklmna abcdefghijklmna", nil, false, "came back after long"},
		{"-abcdefghijklmab -abcdefghijklmab", nil, false, "came back after long, twice"},
		{"-ABCDEFGHIJKLMNOP -ABCDEFGHIJKLMNOP", nil, true, "long"},
		{"AA AA", nil, false, "a record without a change"},
		{"-- --", nil, false, "records without images"},
		{"-ABC -AC", nil, true, "merged"},
		{"-ABC -C", nil, true, "merged to one"},
		{"-ABC -ABC -AC", nil, true, "merged in one region of three"},
		{"ABC AC", nil, true, "merged over the start"},
		{"-abc -ac", nil, false, "merged, unnamed"},
		{"-AC -ABC", nil, false, "its home never showed it"},
		{"-ABC- -AC-", nil, true, "merged, then removed"},
		{"-ABC- -AB-", nil, false, "different items removed"},
		{"-ABCD -ACBD", nil, false, "arrived over a later one"},
		{"-ABCDEFGH -AEH", nil, true, "merged twice"},
		{"-ABC -AC", map[byte]uint32{'A': 1, 'B': 5, 'C': 2}, false, "by the counter written elsewhere"},
		{"-ABC -AC", map[byte]uint32{'B': 7, 'C': 8}, true, "counts on at home"},
		{"-ABC -AC", map[byte]uint32{'C': 0}, true, "no counter"},
		{"-ABC -AC", map[byte]uint32{'B': sift.Uncounted - 1, 'C': sift.Uncounted}, false, "a counter too large to tell"},
		{"-ABC -C", map[byte]uint32{'A': 0, 'B': 0, 'C': 1}, true, "the first that counts"},
		{"-ABC -C", map[byte]uint32{'A': 0, 'B': 0, 'C': 2}, false, "counts from an unknown number"},
		{"-AB -B", map[byte]uint32{'A': 1, 'B': 1}, false, "its counter says that it was inserted"},
	} {
		chains := strings.Fields(c.chains)
		rules := rulesFor(max(2, len(chains)))
		got := sieve(t, rules, states(chains, c.counters), sift.Options{Memory: 1 << 20})
		if quiet := got.counts.Suspects == 0; quiet != c.quiet {
			t.Errorf("%s: quiet is %v, want %v: %s", c.chains, quiet, c.quiet, c.why)
		}
	}
}
