package ddbstream

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/awscall"
)

const (
	slowest   = 5 * time.Second // between two pages, however often the service refuses
	easeAfter = 4               // pages in a row without a refusal, after which the pace quickens
)

// pace is how slowly one shard is read beyond what is configured: twice as slowly after each refusal for reading too fast,
// and after some good pages half as slowly again. Each shard has its own, as the service limits each shard.
type pace struct {
	step  time.Duration // the first delay
	delay time.Duration // before the next page; 0 while nothing was refused
	good  int
}

// heard learns from an answer, and from those that the client has got and retried by itself.
func (p *pace) heard(metadata middleware.Metadata, err error) {
	refused := err != nil && awscall.Throttled(err)
	if attempts, ok := retry.GetAttemptResults(metadata); ok {
		for _, a := range attempts.Results {
			refused = refused || a.Err != nil && awscall.Throttled(a.Err)
		}
	}
	switch {
	case refused:
		p.good, p.delay = 0, min(max(2*p.delay, p.step), slowest)
	case err != nil || p.delay == 0:
	default:
		if p.good++; p.good < easeAfter {
			return
		}
		if p.good, p.delay = 0, p.delay/2; p.delay < p.step {
			p.delay = 0
		}
	}
}
