package breaks

import "testing"

func TestLine(t *testing.T) {
	for _, test := range []struct {
		b    Break
		want string
	}{
		{Break{Left: Side{Rows: 3, Amount: 5, Text: "EUR"}, Right: Side{Rows: 1, Amount: -2}}, "no key|3|1|5|-2|||"},
		{Break{Key: []string{"a", "b"}, Left: Side{1, 7, "EUR"}}, "left only|1|0|7|0|EUR||a|b"},
		{Break{Key: []string{"a"}, Right: Side{1, 7, "EUR"}}, "right only|0|1|0|7||EUR|a"},
		{Break{Key: []string{"a"}, Left: Side{1, 7, "EUR"}, Right: Side{1, 7, "GBP"}}, "different|1|1|7|7|EUR|GBP|a"},
		{Break{Key: []string{""}, Left: Side{2, 14, "EUR"}, Right: Side{1, 7, "GBP"}}, "duplicate|2|1|14|7|||"},
	} {
		if got := test.b.Line(); got != test.want {
			t.Errorf("%+v is %q, not %q", test.b, got, test.want)
		}
	}
}

// TestSum holds the sum against the one that DuckDB computed of these lines (sum of md5_number_lower).
func TestSum(t *testing.T) {
	one := Break{Key: []string{"a"}, Left: Side{1, 7, "EUR"}}
	two := Break{Key: []string{"b"}, Right: Side{1, 8, "GBP"}}
	var forth, back Sum
	for range 3 {
		forth.Add(one)
	}
	forth.Add(two)
	back.Add(two)
	for range 3 {
		back.Add(one)
	}
	if forth.String() != back.String() || forth.Count != 4 {
		t.Errorf("%d breaks are %s, in another order %s", forth.Count, &forth, &back)
	}
	if want := "71062586868405756196"; forth.String() != want {
		t.Errorf("the sum is %s, DuckDB's is %s", &forth, want)
	}
}
