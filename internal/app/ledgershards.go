package app

import (
	"context"

	"parallax/internal/audit"
)

func (c *ledgerAudit) sharded(context.Context) (audit.Judgement, error) {
	return audit.Judgement{}, nil
}
