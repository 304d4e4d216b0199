package lww_test

import (
	"math/rand/v2"
	"slices"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/record"
)

const (
	dublin = audit.Region("eu-west-1")
	london = audit.Region("eu-west-2")
)

var epoch = time.Date(2026, 11, 18, 13, 0, 0, 0, time.UTC)

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

// shuffled is a copy in another order.
func shuffled(rng *rand.Rand, changes []record.Change) []record.Change {
	out := slices.Clone(changes)
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
