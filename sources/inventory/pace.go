package inventory

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"

	"parallax/internal/awscall"
)

// pace keeps requests to so many a second: half as many after each answer that says they were too many, down to one, and after
// each good answer a twentieth of the full rate more again.
// Source: Amazon S3 User Guide, "Best practices design patterns: optimizing Amazon S3 performance" on 503 Slow Down.
type pace struct {
	full float64

	mu      sync.Mutex
	limiter *rate.Limiter
}

func newPace(perSecond int) *pace {
	full := float64(max(perSecond, 1))
	return &pace{full: full, limiter: rate.NewLimiter(rate.Limit(full), 1)}
}

// wait returns when the next request may be sent. Its error is that of ctx.
func (p *pace) wait(ctx context.Context) error {
	turn := p.limiter.Reserve()
	if err := awscall.Sleep(ctx, turn.Delay()); err != nil {
		turn.Cancel()
		return context.Cause(ctx)
	}
	return nil
}

// heard learns from an answer, and from those that the client has got and asked again by itself.
func (p *pace) heard(metadata middleware.Metadata, err error) {
	refused := tooFast(err)
	if attempts, ok := retry.GetAttemptResults(metadata); ok {
		for _, a := range attempts.Results {
			refused = refused || tooFast(a.Err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := float64(p.limiter.Limit())
	switch {
	case refused:
		p.limiter.SetLimit(rate.Limit(max(now/2, 1)))
	case err == nil && now < p.full:
		p.limiter.SetLimit(rate.Limit(min(now+p.full/20, p.full)))
	}
}

// tooFast reports a refusal for too many requests: S3 says SlowDown, with 503; others say 429.
func tooFast(err error) bool {
	if err == nil {
		return false
	}
	switch awscall.Code(err) {
	case "SlowDown", "Throttling", "TooManyRequests", "RequestThrottled", "ReduceYourRequestRate":
		return true
	}
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusTooManyRequests {
		return true
	}
	return awscall.Throttled(err)
}
