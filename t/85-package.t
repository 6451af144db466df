#!/usr/bin/perl
# The Debian package: builds, satisfies lintian, and what is in it works: its module in a private
# httpd, its tool on the trail of that.

use v5.36;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/lib";
use Httpd qw(finish);
use Site;
use Test::More;

my $TOP = abs_path("$FindBin::Bin/..");
my $folder = tempdir('user-audit-package-XXXXXX', TMPDIR => 1, CLEANUP => 1);

sub run_logged ($name, $command) {
    my $failed = system "( $command ) >$folder/$name.log 2>&1";
    diag scalar qx(tail -n 30 $folder/$name.log) if $failed;
    return ok !$failed, $name;
}

# A copy without what was built in the tree: dpkg-buildpackage builds in place.
mkdir "$folder/source";
run_logged('copy',
    "cd '$TOP' && tar cf - --exclude=./build --exclude=./run --exclude=./.git --exclude='*.o' --exclude=__pycache__ . | tar xf - -C $folder/source");
run_logged('dpkg-buildpackage', "cd $folder/source && DEB_BUILD_OPTIONS=parallel=2 dpkg-buildpackage -us -uc -b")
    or (done_testing(), exit);
run_logged('lintian', "lintian --allow-root --fail-on error,warning $folder/*.changes");

my ($package) = grep { !/dbgsym/ } glob "$folder/*.deb";
run_logged('dpkg-deb', "dpkg-deb -x $package $folder/root && dpkg-deb -e $package $folder/control");
for my $file (qw(usr/lib/apache2/modules/mod_user_audit.so usr/bin/user-audit
    etc/apache2/mods-available/user_audit.load etc/apache2/mods-available/user_audit.conf
    usr/share/doc/libapache2-mod-user-audit/examples/odoo-vhost.conf
    usr/share/doc/libapache2-mod-user-audit/examples/apparmor)) {
    ok -e "$folder/root/$file", "$file is in it";
}
for my $script (grep { -e "$folder/control/$_" } qw(postinst prerm postrm)) {
    run_logged($script, "sh -n $folder/control/$script");
}

# From here on the package's module and tool, not the ones that were built for the other tests.
my $built = Httpd::build_dir();
mkdir "$folder/build";
mkdir "$folder/build/.libs";
symlink "$built/Makefile", "$folder/build/Makefile";
symlink "$folder/root/usr/lib/apache2/modules/mod_user_audit.so", "$folder/build/.libs/mod_user_audit.so";
chmod 0755, $folder;
{
    local $ENV{BUILD_DIR} = "$folder/build";
    my $site = Site->start(version => 18);
    my $admin = $site->login('admin');

    $admin->call_kw('res.partner', 'write', [ [14], { city => 'Paris' } ]);
    ok $site->trail->wait_for(1, operation => 'write'), 'the packaged module audits a write';
    $site->httpd->stop;
    my $words = qx($folder/root/usr/bin/user-audit -p @{[ $site->httpd->database ]} verify 2>&1);
    is $?, 0, 'the packaged tool finds the trail intact' or diag $words;
}

finish();
