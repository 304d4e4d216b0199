package lww_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"parallax/internal/simulate"
)

var histories = flag.Int("histories", 0, "histories for each row of the reference table, instead of the short run's")

// table collects rows that are measured in any order.
type table struct {
	mu    sync.Mutex
	names []string
	rows  map[string]score
}

func (tb *table) set(name string, s score) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.rows[name] = s
}

const head = "| what the application writes, or what the world does | histories | losses | proven | one of two | probable | undecidable | " +
	"ends apart | withheld | unread | missed | removals undone | proven | missed | false proofs |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"

// markdown has a row for each that was measured.
func (tb *table) markdown() string {
	var out strings.Builder
	out.WriteString(head)
	for _, name := range tb.names {
		if s, measured := tb.rows[name]; measured {
			out.WriteString(s.line(name))
		}
	}
	return out.String()
}

func (s score) line(name string) string {
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d |\n", name, s.histories, s.losses,
		s.by[proven], s.by[oneOfTwo], s.by[probable], s.by[undecidable], s.by[apart], s.by[withheld], s.by[unread], s.by[missed],
		s.undone(), s.removals[proven], s.removals[missed], s.falseProofs)
}

// reference is the table as it was when it was last looked at: what the audit says must not change unnoticed. Run the test with
// -update to write it anew.
const reference = "testdata/reference.md"

// floors are the shares of losses that the reference simulation of the table's rows proved, and that it proved or narrowed
// down to one of two.
var floors = map[string]struct{ proven, named float64 }{
	"write id + origin":              {1, 1},
	"write id + origin + counter":    {1, 1},
	"write id + counter":             {0.739, 0.930},
	"unique images only":             {0, 0.420},
	"write id + origin, 20% deletes": {0.739, 0.739},
}

// unseeable are the shares of losses of which a row may say nothing. Without write ids and with content that repeats, two
// writes of equal content cannot be told apart, and a loss between them leaves the streams of a history without any.
var unseeable = map[string]float64{"nothing, content repeats": 0.015}

// TestReference measures every profile of the simulator. In each row no proof may be false and no loss, no removal and no lasting
// difference may go without a word; the rows of the reference table must prove at least what the reference simulation did.
//
// go test ./auditors/lww -run TestReference -v -timeout 0 -histories 1000000 measures the table at length.
func TestReference(t *testing.T) {
	tb := &table{rows: map[string]score{}}
	before, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	update := flag.Lookup("update").Value.String() == "true"
	t.Cleanup(func() {
		t.Log("\n" + tb.markdown())
		if update && *histories == 0 && len(tb.rows) == len(tb.names) {
			if err := os.WriteFile(reference, []byte(tb.markdown()), 0o600); err != nil {
				t.Error(err)
			}
		}
	})
	row := func(p simulate.Profile, n int) {
		if *histories > 0 {
			n = *histories
		}
		tb.names = append(tb.names, p.Name)
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := measure(t, p, n, 1)
			tb.set(p.Name, s)
			s.check(t, unseeable[p.Name])
			if line := s.line(p.Name); *histories == 0 && !update && !strings.Contains(string(before), line) {
				t.Errorf("%s: there is no such row now: %s", reference, line)
			}
			floor := floors[p.Name]
			if share := float64(s.by[proven]) / float64(s.losses); share < floor.proven {
				t.Errorf("proves %.1f%% of the losses, the reference %.1f%%", 100*share, 100*floor.proven)
			}
			if share := float64(s.by[proven]+s.by[oneOfTwo]+s.by[probable]) / float64(s.losses); share < floor.named {
				t.Errorf("names %.1f%% of the losses, the reference %.1f%%", 100*share, 100*floor.named)
			}
		})
	}
	for _, p := range simulate.Reference() {
		row(p, 50_000)
	}
	for _, p := range simulate.Traps() {
		row(p, 5_000)
	}
}

// check fails where the audit said something false or was silent, but for the share of losses that nobody can see.
func (s score) check(t *testing.T, unseeable float64) {
	t.Helper()
	if s.losses*10 < s.histories {
		t.Errorf("only %d losses in %d histories: the profile is too tame", s.losses, s.histories)
	}
	for what, n := range map[string]int{
		"false proofs": s.falseProofs, "losses without a word": max(0, s.by[missed]-int(unseeable*float64(s.losses))), "removals undone without a word": s.removals[missed],
		"lasting differences without a word": s.unseen, "differences reported where there are none": s.alarms,
	} {
		if n > 0 {
			t.Errorf("%d %s", n, what)
		}
	}
}
