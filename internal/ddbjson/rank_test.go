package ddbjson_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"parallax/internal/ddbjson"
)

// A scanner that knows the names of a table's attributes reads each item as one does that has never seen them: names that
// begin alike, more of them than it can remember, one name with values of two types, names twice, maps in between.
func TestWhatAScannerRemembersChangesNothing(t *testing.T) {
	var names []string
	for i := range 90 {
		names = append(names, []string{"%d", "n%d", "attribute_%d", "attribute_of_the_item_%d", "é%d", `\u0041%d`}[i%6])
		names[i] = fmt.Sprintf(names[i], i/6)
	}
	dice := rand.New(rand.NewPCG(7, 7))
	var kept ddbjson.Scanner
	taken, refused := 0, 0
	for round := range 6000 {
		few := names[:[]int{4, 12, len(names)}[round/500%3]]
		body := []byte(one(`"SequenceNumber":"1","Keys":{"pk":{"S":"k"}},"NewImage":` + thrown(dice, few, 2)))
		got, err := kept.Records(body, []string{"pk"})
		want, wrong := ddbjson.Records(body, []string{"pk"})
		if !reflect.DeepEqual(got, want) || fmt.Sprint(err) != fmt.Sprint(wrong) {
			t.Fatalf("round %d: %+v, %v\nfresh: %+v, %v\n%s", round, got, err, want, wrong, body)
		}
		if len(got.Faults) > 0 {
			refused++
		} else if taken++; round%20 == 0 {
			compare(t, body)
		}
	}
	if taken < 2000 || refused < 200 {
		t.Errorf("%d taken, %d refused: neither is tried enough", taken, refused)
	}
}

// thrown is an item with some of the names in any order, one of them twice at times.
func thrown(dice *rand.Rand, names []string, depth int) string {
	var members []string
	picked := dice.Perm(len(names))[:1+dice.IntN(min(len(names), 20))]
	twice := -1
	if dice.IntN(8) == 0 {
		twice = len(picked)
		picked = append(picked, picked[dice.IntN(len(picked))])
	}
	for n, i := range picked {
		value := fmt.Sprintf(`{"S":"text %d"}`, dice.IntN(100))
		switch kind := dice.IntN(200); {
		case (i%2 == 0) != (kind == 0 || n == twice): // a name's values are of one type, as a rule
			value = fmt.Sprintf(`{"N":"%d"}`, dice.IntN(100))
		case kind == 1 && depth > 0:
			value = `{"M":` + thrown(dice, names, depth-1) + `}`
		case kind == 2:
			value = `{"BOOL":true}`
		}
		members = append(members, `"`+names[i]+`":`+value)
	}
	return "{" + strings.Join(members, ",") + "}"
}
