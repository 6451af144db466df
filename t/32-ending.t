#!/usr/bin/perl
# Ends of many sessions: a user's, all others of one's own, everybody's, the oldest beyond a limit;
# and inside Odoo.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client qw();
use Digest::SHA qw(sha256_hex);
use Process ();
use Sessions;
use Site;
use Test::More;

sub open_sessions ($client, $login) {
    return grep { $_->{login} eq $login } @{ list($client, 'state=open')->{sessions} };
}

# Moves the moments of "everybody" in the list of ends by so many seconds.
sub move_marks ($file, $seconds) {
    my ($moment, $kind, $mark) = (15, 23, 3);    # columns; what a mark has as its kind

    open my $in, '<', $file or die "$file: $!";
    my @lines = <$in>;
    close $in;
    for my $line (@lines) {
        chomp $line;
        my @cells = split /\t/, $line, -1;
        pop @cells;                              # its checksum
        $cells[$moment] += $seconds * 1_000_000 if $cells[$kind] == $mark;
        $line = join "\t", @cells;
        $line .= "\t" . substr(sha256_hex($line), 0, 16) . "\n";
    }
    open my $out, '>', $file or die "$file: $!";
    print $out @lines;
    close $out or die "$file: $!";
    return;
}

# ---- all of a user, and all others of one's own ----
{
    my $site = Site->start(version => 18);
    my ($admin, @demo) = map { $site->login($_) } qw(admin demo demo demo);
    my $portal = $site->login('portal');

    is(scalar(open_sessions($admin, 'demo')), 3, 'three sessions of one user');
    my $answer = post_page($demo[0], '/sessions/revoke-others', reason => 'lost my phone');
    is($answer->{status}, 200, 'all others of mine');
    is(Client::decode_json($answer->{body})->{ended}, 2, 'two were ended');
    is_deeply([ map { status_of($_) } @demo ], [ 200, 401, 401 ], 'this one goes on');
    my @revoked = $site->trail->wait_for(2, operation => 'session_revoked');
    like($revoked[0]{values}, qr/"reason":"owner".*lost my phone/, 'with reason and words');

    my ($own) = open_sessions($admin, 'demo');
    is(post_page($portal, "/users/$own->{uid}/revoke")->{status}, 404, 'nobody ends those of somebody else');
    is(status_of($demo[0]), 200, 'nor are they');
    is($admin->post_json("/audit-admin/users/$own->{uid}/revoke", {})->{status}, 403, 'nor without the token');
    is(post_page($admin, "/users/$own->{site}/$own->{database}/$own->{uid}/revoke")->{status}, 200, 'a manager does');
    is(status_of($demo[0]), 401, 'at once');
    is(post_page($admin, "/users/elsewhere/$own->{database}/$own->{uid}/revoke")->{status}, 404, 'of this site alone');
    is(status_of($portal), 200, 'others are left alone');

    my $form = $admin->post_form("/audit-admin/users/$own->{uid}/revoke", { csrf_token => list($admin)->{csrf_token} });
    is($form->{status}, 303, 'a form is led back to the list');
}

# ---- everybody on a site ----
{
    my $site = Site->start(version => 18, server => "UserAuditCleanupInterval 1s\n");
    my ($admin, $demo, $portal) = map { $site->login($_) } qw(admin demo portal);
    my $unknown = $site->odoo->client;

    $unknown->login('demo', 'demo');    # past the proxy
    my ($socket, $opened) = $portal->websocket;
    is($opened->{status}, 101, 'a websocket is open');
    is(post_page($demo, '/site/revoke')->{status}, 403, 'not by anybody');
    is(status_of($demo), 200, 'nothing happened');
    is(post_page($admin, '/site/revoke', reason => 'stolen backup')->{status}, 200, 'by a manager');
    is_deeply([ map { status_of($_) } $admin, $demo, $portal ], [ (401) x 3 ], 'everybody is out');
    ok(Client::is_closed($socket), 'the websocket is cut');
    my @events = $site->trail->wait_for(4, operation => 'session_revoked');
    ok((grep { $_->{session} eq '' && $_->{values} =~ /everybody: stolen backup/ } @events), 'one event tells it');
    is(scalar(grep { $_->{session} ne '' } @events), 3, 'and each session has its own');
    $demo->login('demo', 'demo');
    is(status_of($demo), 200, 'logged in again at once in the same browser');
    $unknown->{port} = $site->httpd->port;
    status_of($unknown);
    is(status_of($unknown), 401, 'one from before that nobody had seen here is out too');
    $site->httpd->stop;
    unlink $site->httpd->state_dir . '/sessions';
    $site->httpd->start;
    status_of($portal);
    is(status_of($portal), 401, 'over a full restart without the list of sessions');
}

# ---- everybody, and then the clock is set back: as if it had been an hour ahead ----
{
    my $site = Site->start(version => 18);
    my ($admin, $demo) = map { $site->login($_) } qw(admin demo);

    is(post_page($admin, '/site/revoke')->{status}, 200, 'everybody is ended by a clock that is ahead');
    $site->httpd->stop;
    move_marks($site->httpd->state_dir . '/revoked', 3600);
    $site->httpd->start;
    status_of($_) for $admin, $demo;    # one that the list on disk does not have yet passes once
    is_deeply([ map { status_of($_) } $admin, $demo ], [ 401, 401 ], 'who was in before is out');
    $_->{cookies} = {} for $admin, $demo;
    $admin->login('admin', 'admin');
    $demo->login('demo', 'demo');
    is_deeply([ map { status_of($_) } $admin, $demo ], [ 200, 200 ], 'who logs in afterwards is in, whatever the clock says');
    is(post_page($admin, '/site/revoke')->{status}, 200, 'everybody is ended again, by the clock that was set back');
    is_deeply([ map { status_of($_) } $admin, $demo ], [ 401, 401 ], 'and out again');
    $demo->login('demo', 'demo');
    is(status_of($demo), 200, 'until the next login');
}

# ---- at most so many of one user ----
{
    my $site = Site->start(version => 17, vhost => "UserAuditMaxUserSessions 2\n");
    my @demo = map { $site->login('demo') } 1 .. 2;
    my $other = $site->login('admin');

    is_deeply([ map { status_of($_) } @demo ], [ 200, 200 ], 'as many as allowed');
    push @demo, $site->login('demo');
    is_deeply([ map { status_of($_) } @demo, $other ], [ 401, 200, 200, 200 ], 'with one more the oldest ends');
    my ($limited) = $site->trail->wait_for(1, operation => 'session_limited');
    is($limited->{login}, 'demo', 'the event names the user');
    like($limited->{values}, qr/"reason":"limit"/, 'and the reason');
    my $page = $demo[0]->get('/web', 'Sec-Fetch-Mode' => 'navigate');
    like($page->{body}, qr/logged in elsewhere/, 'and the page tells');
    $site->httpd->stop;
    $site->httpd->start;
    is(status_of($demo[0]), 401, 'a limited session stays so over a full restart') if $demo[0]->session_id;
    $demo[1]->authenticate('demo', 'demo');
    is_deeply([ map { status_of($_) } @demo[1, 2] ], [ 200, 200 ], 'a login in place of another is none more');
}

# ---- inside Odoo ----
for my $version (17, 19) {
    my $site = Site->start(version => $version, vhost => "UserAuditEndInOdoo On\n");
    my ($admin, $demo) = map { $site->login($_) } qw(admin demo);
    my $straight = $site->odoo->client;

    $straight->session_id($demo->session_id);
    is(status_of($straight), 200, "$version: Odoo knows the session");
    my ($row) = open_sessions($admin, 'demo');
    post_page($admin, "/sessions/$row->{reference}/revoke");
    $site->odoo->forget;
    my $answer = $demo->call_kw('res.partner', 'read', [ [1], ['name'] ]);
    is($answer->{http}{status}, 401, "$version: refused");
    unlike("@{ $answer->{http}{headers}{'set-cookie'} }", qr/session_id=\w/, "$version: with no new cookie");
    my ($logout) = grep { $_->{operation} eq 'logout' } $site->odoo->operations;
    is($logout->{login}, 'demo', "$version: Odoo logged it out");
    status_of($demo) for 1 .. 3;
    is(scalar(grep { $_->{operation} eq 'logout' } $site->odoo->operations), 1, "$version: once");
    $answer = $straight->call_kw('res.partner', 'read', [ [1], ['name'] ]);
    is($answer->{error}{code}, 100, "$version: and does not know it any more");
}
finish();
