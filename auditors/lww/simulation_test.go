package lww_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/record"
)

func rules() lww.Rules {
	return lww.Rules{
		Table: "idempotency-keys", Regions: []audit.Region{dublin, london}, Settle: 15 * time.Minute, Clock: 500 * time.Millisecond,
		Attr: lww.Attributes{
			WriteID: "write_id", Version: "version", Origin: "origin", WrittenAt: "written_at",
			PaymentID: "payment_id", AmountMinor: "amount_minor", Currency: "currency", Status: "status",
		},
		Financial: []string{"amount_minor", "currency", "status", "payment_id"},
	}
}

func input(changes []record.Change) lww.Input {
	end := epoch.Add(24 * time.Hour)
	reach := lww.Reach{From: epoch.Add(-time.Hour), Through: end}
	return lww.Input{
		Window: audit.Window{From: epoch.Add(-time.Hour), To: end}, AsOf: end, Changes: changes,
		Read: map[audit.Region]lww.Reach{dublin: reach, london: reach},
	}
}

// score counts what the auditor said against what the tree says.
type score struct{ losses, proven, probable, fork, undecidable, falseProof, falseDelete, diverged, apart, unseen int }

// simulate plays n histories and scores them. Lost versions are named by their write id in the evidence.
func simulate(t *testing.T, w world, n int, seed uint64) score {
	t.Helper()
	var total score
	const batch = 500
	for done := 0; done < n; done += batch {
		rng := rand.New(rand.NewPCG(seed, uint64(done)))
		truth := map[string]*history{}
		var changes []record.Change
		for i := range batch {
			key := fmt.Sprintf("order-%06d", done+i)
			truth[key] = play(w, rng, key)
			changes = append(changes, truth[key].changes...)
			total.losses += len(truth[key].lost)
			if truth[key].apart {
				total.apart++
			}
		}
		got := lww.Auditor{Rules: rules()}.Audit(input(changes))
		if len(got.Breaks) != 0 {
			t.Fatalf("breaks in unbroken streams: %v", got.Breaks[0])
		}
		reported := map[string]bool{}
		for _, f := range got.Findings {
			total.add(t, f, truth[f.Key])
			reported[f.Key] = true
		}
		for key, h := range truth {
			if h.apart && !reported[key] {
				total.unseen++
			}
		}
	}
	return total
}

func (s *score) add(t *testing.T, f audit.Finding, h *history) {
	t.Helper()
	switch f.Kind {
	case audit.LWWLostWrite, audit.LWWDoubleAccept:
		for _, id := range lostIDs(f) {
			switch {
			case f.Verdict == audit.Probable:
				s.probable++
			case h.lost[id]:
				s.proven++
			default:
				s.falseProof++
				t.Logf("false proof: %s of %s, write %s", f.Kind, f.Key, id)
			}
		}
	case audit.LWWLostDelete:
		if id := f.Evidence[0].Value; f.Verdict == audit.Proven && !h.undone[id] {
			s.falseDelete++
		}
	case audit.LWWFork:
		s.fork++
	case audit.LWWUndecidable:
		s.undecidable++
	case audit.LWWDiverged, audit.LWWNotReplicated:
		s.diverged++
		if !h.apart {
			t.Errorf("%s of %s, whose replicas agree", f.Kind, f.Key)
		}
	}
}

func lostIDs(f audit.Finding) []string {
	ids := map[string]bool{}
	for _, e := range f.Evidence {
		if e.Field == "write_id" && strings.HasSuffix(e.Note, "lost") {
			ids[e.Value] = true
		}
	}
	return slices.Collect(maps.Keys(ids))
}

func TestEveryLossIsProvenWithWriteIDAndOrigin(t *testing.T) {
	s := simulate(t, world{writeID: true, origin: true, counter: true, coalesce: 0.3, skew: 200 * time.Millisecond, raise: true}, 50_000, 7)
	t.Logf("%+v", s)
	if s.losses < 20_000 {
		t.Fatalf("only %d losses: the simulator is too tame", s.losses)
	}
	if s.proven != s.losses || s.falseProof != 0 || s.probable+s.fork+s.undecidable+s.diverged != 0 {
		t.Errorf("proven %d of %d; %+v", s.proven, s.losses, s)
	}
}

func TestDeletesNeverMakeAFalseProof(t *testing.T) {
	s := simulate(t, world{writeID: true, origin: true, deletes: 0.2, coalesce: 0.3, skew: 200 * time.Millisecond, raise: true}, 10_000, 8)
	t.Logf("%+v", s)
	if s.falseProof != 0 || s.falseDelete != 0 {
		t.Errorf("false proofs: %+v", s)
	}
	if s.proven*100 < s.losses*73 { // the reference simulation proves 54,747 of 74,124
		t.Errorf("proven %d of %d", s.proven, s.losses)
	}
}

func TestCounterAloneNeverMakesAFalseProof(t *testing.T) {
	s := simulate(t, world{writeID: true, counter: true, coalesce: 0.3, skew: 200 * time.Millisecond, raise: true}, 10_000, 9)
	t.Logf("%+v", s)
	if s.falseProof != 0 {
		t.Errorf("false proofs: %+v", s)
	}
	if s.proven*100 < s.losses*60 {
		t.Errorf("proven %d of %d", s.proven, s.losses)
	}
}

func TestUniqueImagesAloneProveNothing(t *testing.T) {
	s := simulate(t, world{coalesce: 0.3, skew: 200 * time.Millisecond, raise: true}, 5_000, 10)
	t.Logf("%+v", s)
	if s.proven+s.falseProof != 0 || s.fork == 0 || s.undecidable == 0 {
		t.Errorf("%+v", s)
	}
}

func TestReplicasThatEndApartAreReported(t *testing.T) {
	s := simulate(t, world{writeID: true, origin: true, skew: 400 * time.Millisecond, lose: 0.2, raise: true}, 10_000, 11)
	t.Logf("%+v", s)
	if s.apart == 0 || s.falseProof != 0 || s.unseen != 0 {
		t.Fatalf("%+v", s)
	}
}

func TestOrderAndRepetitionOfReadingDoNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var changes []record.Change
	for i := range 200 {
		w := world{writeID: true, origin: true, deletes: 0.1, coalesce: 0.3, skew: 200 * time.Millisecond, raise: true, lose: 0.05}
		changes = append(changes, play(w, rng, fmt.Sprintf("order-%06d", i)).changes...)
	}
	a := lww.Auditor{Rules: rules()}
	want := a.Audit(input(changes))
	if len(want.Findings) < 100 {
		t.Fatalf("only %d findings", len(want.Findings))
	}
	for range 5 {
		got := a.Audit(input(append(shuffled(rng, changes), changes[:50]...)))
		got.Excluded, want.Excluded = nil, nil // the repeated records are counted
		if !reflect.DeepEqual(got, want) {
			t.Fatal("another order of reading gives another result")
		}
	}
}
