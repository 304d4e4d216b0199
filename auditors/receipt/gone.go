package receipt

import (
	"slices"
	"time"

	"parallax/internal/record"
)

// Unsee takes what was listed after the inventories: current versions that are delete markers. What the inventories show under
// their keys is no longer live there. To be called in any order with See.
func (t *Ties) Unsee(markers []record.Object) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range markers {
		o := &markers[i]
		side := slices.Index(t.rules.Regions[:], o.Region)
		if _, ok := t.rules.PaymentOf(o.Key); side < 0 || !ok || !o.DeleteMarker || !o.IsLatest {
			continue
		}
		if t.gone == nil {
			t.gone = map[string][2]time.Time{}
		}
		at := t.gone[o.Key]
		at[side] = later(at[side], o.LastModified)
		t.gone[o.Key] = at
	}
}

// settle takes away what was seen live and was deleted since. Of a payment with several receipts only one is known: it keeps them.
func (t *Ties) settle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, gone := range t.gone {
		payment, _ := t.rules.PaymentOf(key)
		if tie := t.payments[payment]; tie != nil && !tie.several {
			for i, at := range tie.sides {
				if at.key == key && at.modified.Before(gone[i]) {
					tie.sides[i] = place{}
				}
			}
		}
		if s := t.strangers[key]; s != nil {
			for i, o := range s.sides {
				if o != nil && o.LastModified.Before(gone[i]) {
					s.sides[i] = nil
				}
			}
			if s.live() == nil {
				delete(t.strangers, key)
			}
		}
	}
}
