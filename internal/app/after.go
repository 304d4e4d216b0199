package app

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// settleTime is how long may be spent on telling others, after a commit, that what they gave was kept.
const settleTime = time.Minute

// after is what a job leaves to be done once its outcome was committed, or was not: to tell a queue whether what was read of
// it is kept.
type after struct {
	kept, lost []func(context.Context) error
}

// commit adds what is done when the outcome was committed, and what when it was not. Without a commit to come, nothing is done.
func (a *after) commit(kept, lost func(context.Context) error) {
	if a != nil {
		a.kept, a.lost = append(a.kept, kept), append(a.lost, lost)
	}
}

// run does it, though the run be called off meanwhile. What does not succeed harms nothing: it is noted, and done again by the
// next run, which reads the same again.
func (a *after) run(ctx context.Context, log *zap.Logger, committed bool) {
	steps := a.kept
	if !committed {
		steps = a.lost
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	for _, step := range steps {
		if err := step(ctx); err != nil {
			log.Warn("what was read will be read again", zap.Error(err))
		}
	}
}
